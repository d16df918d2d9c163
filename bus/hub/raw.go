package hub

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

	"busbar/common/archive"
	"busbar/common/event"
)

// raw answers as datagrepper's /raw does, but for the messages: they are the bytes
// that their publishers sent, so that fedmsg's hubs can verify them.
func (s *server) raw(w http.ResponseWriter, r *http.Request) {
	a, err := parseArguments(r.URL.Query(), s.o.Now())
	var q archive.Query
	if err == nil {
		q, err = a.query(s.o.Prefix)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	page, f, err := s.pages.find(r.Context(), s.archive.Reader, q, &a)
	switch {
	case errors.Is(err, archive.ErrQuery), errors.Is(err, errFar):
		refuse(w, http.StatusBadRequest, err.Error())
	case err != nil:
		s.failed(w, a, err)
	case page.Cut:
		s.failed(w, a, errors.New("it takes too long: say more of what is wanted, or ask for a shorter time"))
	default:
		s.found(w, a, page.Messages, f)
	}
}

// failed is datagrepper's answer to a question that it could not answer.
func (s *server) failed(w http.ResponseWriter, a arguments, err error) {
	s.o.Log.Warn("a question to /raw failed", "error", err)
	answer(w, http.StatusInternalServerError, map[string]any{"error": err.Error(), "arguments": a})
}

func (s *server) found(w http.ResponseWriter, a arguments, messages []archive.Message, f *frozen) {
	var b bytes.Buffer
	if a.callback != "" {
		b.WriteString(a.callback + "(")
	}
	b.WriteString(`{"raw_messages":[`)
	for i, m := range messages {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(withMeta(m.Wire, a.Meta))
	}
	rest, err := json.Marshal(struct {
		Total     int64     `json:"total"`
		Pages     int64     `json:"pages"`
		Count     int       `json:"count"`
		Arguments arguments `json:"arguments"`
	}{f.total, (f.total + int64(a.RowsPerPage) - 1) / int64(a.RowsPerPage), len(messages), a})
	if err != nil {
		s.failed(w, a, err)
		return
	}
	b.WriteString("],")
	b.Write(rest[1:])
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if a.callback != "" {
		b.WriteString(");")
		h.Set("Content-Type", "application/javascript")
	}
	if !f.exact {
		h.Set("Busbar-Total", "at-least") // datagrepper's answer has no word for it
	}
	_, _ = w.Write(b.Bytes()) // who left is not to be told
}

// withMeta adds what a client asked for beside the message, which then is no longer
// what was signed.
func withMeta(wire []byte, wanted texts) []byte {
	end := bytes.LastIndexByte(wire, '}')
	if len(wanted) == 0 || end < 0 {
		return wire
	}
	_, e, err := event.ParseMessage(wire)
	if err != nil {
		return wire
	}
	about := event.AboutOf(e.Msg)
	meta := map[string]any{}
	for _, name := range wanted {
		switch name {
		case "summary", "subtitle", "text", "long_form":
			meta[name] = e.Title
		case "title":
			meta[name] = e.Topic
		case "url", "link":
			meta[name] = e.Link
		case "usernames":
			meta[name] = append(texts{}, about.People...)
		case "packages":
			meta[name] = append(texts{}, about.Packages...)
		case "containers", "modules", "flatpaks", "objects", "avatars":
			meta[name] = texts{}
		case "date":
			meta[name] = e.EventTime
		default:
			meta[name] = nil // an icon: there are none
		}
	}
	text, err := json.Marshal(meta)
	if err != nil {
		return wire
	}
	return append(append(append([]byte{}, wire[:end]...), `,"meta":`...), append(text, '}')...)
}

// id gives one message.
func (s *server) id(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	if id == "" {
		refuse(w, http.StatusBadRequest, "id is missing: /id?id=YEAR-UUID")
		return
	}
	m, err := s.archive.ByID(r.Context(), id)
	switch {
	case errors.Is(err, archive.ErrNotFound), errors.Is(err, archive.ErrPruned):
		refuse(w, http.StatusNotFound, "not_found")
	case err != nil:
		s.o.Log.Warn("a question to /id failed", "error", err)
		refuse(w, http.StatusInternalServerError, err.Error())
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(m.Wire) // who left is not to be told
	}
}
