package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"busbar/common/archive"
)

// errNone is for addresses behind which there is nothing.
var errNone = errors.New("there is nothing of that name")

// errSlow is for questions that do not get on within the time they have.
var errSlow = fmt.Errorf("%w: it takes too long: ask for less", archive.ErrQuery)

// A fault is the page of an error.
type fault struct {
	Code int
	Text string
	Hint string
}

// fault answers with an error, in the form that was wanted.
func (s *site) fault(w http.ResponseWriter, r *http.Request, err error) {
	f := fault{Code: http.StatusInternalServerError, Text: err.Error()}
	switch {
	case errors.Is(err, archive.ErrQuery), errors.Is(err, errAsk):
		f.Code, f.Hint = http.StatusBadRequest, "Ask in another way: a package as package:hello, words as they are, what is not wanted with a minus before it."
	case errors.Is(err, errNone), errors.Is(err, archive.ErrNotFound):
		f.Code, f.Hint = http.StatusNotFound, "Perhaps the search finds it."
	case errors.Is(err, archive.ErrPruned):
		f.Code, f.Hint = http.StatusGone, "It was here, and was dropped since it is too old."
	case r.Context().Err() != nil:
		return // who asked has left
	default:
		s.o.Log.Warn("a page cannot be shown", "path", r.URL.Path, "error", err)
		f.Text, f.Hint = "the archive cannot be read", "The administrator finds the reason in the log."
	}
	if form, _ := formOf(r); form != html {
		answer(w, f.Code, map[string]string{"error": f.Text})
		return
	}
	s.show(w, r, f.Code, "fault", frame{Title: http.StatusText(f.Code), Query: r.URL.Query().Get("q"), Robots: "noindex", Page: f})
}

func answer(w http.ResponseWriter, code int, what any) {
	text, err := json.Marshal(what)
	if err != nil {
		code, text = http.StatusInternalServerError, []byte(`{"error":"the answer has no form"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Add("Vary", "Accept")
	w.WriteHeader(code)
	_, _ = w.Write(append(text, '\n')) // who left is not to be told
}

// messages answers with the messages of a page, unchanged, and where the next is.
func (s *site) messages(w http.ResponseWriter, page archive.Page, next string) {
	var b bytes.Buffer
	b.WriteString(`{"messages":[`)
	for i, m := range page.Messages {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(m.Wire)
	}
	rest, err := json.Marshal(struct {
		Next string `json:"next,omitempty"` // address of the next page; absent: there is none
		Cut  bool   `json:"cut,omitempty"`  // the question took too long: next goes on
	}{next, page.Cut})
	if err != nil {
		rest = []byte("{}") // texts have a form always
	}
	b.WriteByte(']')
	if len(rest) > 2 {
		b.WriteByte(',')
	}
	b.Write(rest[1:])
	b.WriteByte('\n')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Add("Vary", "Accept")
	_, _ = w.Write(b.Bytes()) // who left is not to be told
}

// export writes all messages that a question finds, a line each, until the client
// leaves. After a cut it goes on with ?after= and the id of the last line.
func (s *site) export(w http.ResponseWriter, r *http.Request, q question) {
	limit := 0 // all
	if r.URL.Query().Get("limit") != "" {
		limit = q.limit
	}
	q.query.Limit = min(max(limit, 0), maxLines)
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Add("Vary", "Accept")
	control := http.NewResponseController(w)
	for sent := 0; ; {
		page, err := s.o.Archive.Find(r.Context(), q.query)
		if err == nil && page.Cut && (page.Next == 0 || page.Next == q.query.After) {
			err = errSlow
		}
		if err != nil && sent == 0 {
			s.fault(w, r, err)
			return
		}
		if err != nil {
			s.interrupted(r.Context(), err)
			panic(http.ErrAbortHandler) // a client must not take it for all
		}
		for _, m := range page.Messages {
			if _, err := w.Write(append(oneLine(m.Wire), '\n')); err != nil {
				return
			}
			sent++
		}
		if page.Next == 0 || limit > 0 && sent >= limit {
			return
		}
		q.query.After = page.Next
		if control.Flush() != nil || extend(control) != nil {
			return
		}
	}
}

// oneLine is a message without line ends, which JSON may have between its values: its
// meaning, and so its signature, stay the same.
func oneLine(wire []byte) []byte {
	line := append(make([]byte, 0, len(wire)+1), wire...)
	for i, c := range line {
		if c == '\n' || c == '\r' {
			line[i] = ' '
		}
	}
	return line
}

func (s *site) interrupted(ctx context.Context, err error) {
	if ctx.Err() == nil {
		s.o.Log.Warn("an export was cut", "error", err)
	}
}
