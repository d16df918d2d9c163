package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/show"
)

// A messagePage is one message, for people.
type messagePage struct {
	line
	Full      string // topic
	Meaning   string
	Facts     []fact
	Publisher string
	Epoch     string
	Seq       int64
	Origin    string
	Evidence  []event.Evidence
	Replaces  string
	Username  string
	Before    string // ids of the publisher's neighbours; empty: not here
	After     string
	Raw       string // the envelope, indented
	Address   string // of the envelope as it came
}

// maxRaw bounds what a page shows of an envelope.
const maxRaw = 64 << 10

// message shows one message.
func (s *site) message(w http.ResponseWriter, r *http.Request) {
	form, known := formOf(r)
	if !known || form != html && form != jsonForm {
		s.fault(w, r, errAsk)
		return
	}
	m, err := s.o.Archive.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if form == jsonForm {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Add("Vary", "Accept")
		_, _ = w.Write(m.Wire) // who left is not to be told
		return
	}
	_, e, err := event.ParseMessage(m.Wire)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	p := messagePage{
		line: s.line(m, e), Full: e.Topic, Facts: factsOf(e.Msg), Publisher: m.Publisher, Epoch: m.Epoch, Seq: m.Seq,
		Origin: show.Line(e.Origin), Replaces: e.Replaces, Username: show.Line(e.Username), Raw: raw(m.Wire), Address: "/id?id=" + e.MsgID,
	}
	for _, v := range e.Evidence {
		p.Evidence = append(p.Evidence, event.Evidence{Type: show.Line(v.Type), Verdict: v.Verdict, Detail: show.Line(v.Detail)})
	}
	if k, ok := s.kinds.ByTopic(e.Topic); ok {
		p.Meaning = k.Meaning
	}
	if p.Before, p.After, err = s.neighbours(r.Context(), m); err != nil {
		s.fault(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "message", frame{Title: p.Title, Page: p})
}

// raw is an envelope that people can read.
func raw(wire []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, show.JSON(wire), "", "  ") != nil {
		b.Reset()
		b.Write(show.JSON(wire))
	}
	return cut(b.String(), maxRaw)
}

// neighbours are the ids of what the publisher said before and after a message.
func (s *site) neighbours(ctx context.Context, m archive.Message) (before, after string, err error) {
	if m.Seq == 0 {
		return "", "", nil
	}
	for _, at := range []struct {
		seq int64
		id  *string
	}{{m.Seq - 1, &before}, {m.Seq + 1, &after}} {
		list, err := s.o.Archive.Said(ctx, m.Publisher, m.Epoch, at.seq, at.seq, 1)
		if errors.Is(err, archive.ErrNotFound) || err == nil && len(list) == 0 {
			continue
		}
		if err != nil {
			return "", "", err
		}
		if _, e, err := event.ParseMessage(list[0].Wire); err == nil {
			*at.id = e.MsgID
		}
	}
	return before, after, nil
}
