package hub

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"busbar/common/archive"
	"busbar/common/event"
)

// A happening is a message or a gap on its way to listeners: made once, shared by
// all.
type happening struct {
	n       int64
	message archive.Message
	mark    mark // of the message; zero: it bears no number
	gap     *archive.Gap
	frame   []byte // the event without its id; nil: nothing to be said

	envelope event.Envelope
	about    func() event.About
}

func happened(m archive.Message) *happening {
	h := &happening{n: m.N, message: m}
	_, e, err := event.ParseMessage(m.Wire)
	if err != nil {
		return h // it was read when it was stored; what is not is passed over
	}
	if m.Seq > 0 {
		h.mark = mark{n: m.Seq, tag: tagOf(e), time: m.Time.Unix()}
	}
	h.envelope = e
	if m.Copy {
		return h // who listens has the fact
	}
	h.frame = frameOf("", m.Wire)
	h.about = sync.OnceValue(func() event.About { return event.AboutOf(e.Msg) })
	return h
}

// sequence is where it counts.
func (h *happening) sequence() sequence {
	if h.gap != nil {
		return sequence{h.gap.Publisher, h.gap.Epoch}
	}
	return sequence{h.message.Publisher, h.message.Epoch}
}

// turns says that its sequence begins again, for the publisher's journal was put back.
func (h *happening) turns() bool {
	return h.gap != nil && h.gap.First > 0 && strings.HasPrefix(h.gap.Reason, archive.PutBack)
}

// tagLength is how many characters a tag has.
const tagLength = 8

// tagOf tells a message from others that bear its number: it is made of the message's
// id, and of the hash of all before it.
func tagOf(e event.Envelope) string {
	sum := sha256.Sum256([]byte(e.Prev + " " + e.MsgID))
	return hex.EncodeToString(sum[:tagLength/2])
}

// event is the event with an id.
func (h *happening) event(id string) []byte {
	return append(append(append(make([]byte, 0, len(id)+len(h.frame)+5), "id: "...), id...), append([]byte{'\n'}, h.frame...)...)
}

// A gapSaid is the data of an event gap.
type gapSaid struct {
	Publisher string `json:"publisher"`
	Epoch     string `json:"epoch"`
	First     int64  `json:"first,omitempty"`
	Last      int64  `json:"last,omitempty"`
	Reason    string `json:"reason"`
}

func missed(g archive.Gap) *happening {
	text, err := json.Marshal(gapSaid{g.Publisher, g.Epoch, g.First, g.Last, g.Reason})
	if err != nil {
		text = []byte("{}") // texts and numbers have a form always
	}
	return &happening{n: g.N, gap: &g, frame: frameOf("gap", text)}
}

// frameOf is an event as SSE writes it (WHATWG HTML, 9.2), without its id.
func frameOf(name string, data []byte) []byte {
	var b bytes.Buffer
	if name != "" {
		b.WriteString("event: " + name + "\n")
	}
	for line := range bytes.SplitSeq(bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n")), []byte("\n")) {
		b.WriteString("data: ")
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// read gives what happened after arrival n, in order, at most limit messages and
// the gaps and copies among them; and up to which arrival that is all.
func read(ctx context.Context, a *archive.Archive, n int64, limit int) (list []*happening, to int64, err error) {
	_, newest, err := a.Range(ctx)
	if err != nil {
		return nil, n, err
	}
	messages, err := a.After(ctx, n, limit)
	if err != nil {
		return nil, n, err
	}
	to = max(n, newest)
	if len(messages) > 0 {
		to = max(to, messages[len(messages)-1].N)
		if len(messages) == limit || messages[len(messages)-1].N < newest {
			to = messages[len(messages)-1].N
		}
	}
	gaps, err := a.Gaps(ctx, n, to)
	if err != nil {
		return nil, n, err
	}
	if len(gaps) > 0 && len(gaps) >= limit { // more than one answer holds
		to = gaps[len(gaps)-1].N
	}
	copies, err := a.Copies(ctx, n, to, 0)
	if err != nil {
		return nil, n, err
	}
	for _, m := range messages {
		list = append(list, happened(m))
	}
	for _, g := range gaps {
		list = append(list, missed(g))
	}
	for _, m := range copies { // each came behind the arrival whose number it has
		list = append(list, happened(m))
	}
	list = slices.DeleteFunc(list, func(h *happening) bool { return h.n > to })
	slices.SortStableFunc(list, func(a, b *happening) int { return cmp.Compare(a.n, b.n) })
	return list, to, nil
}
