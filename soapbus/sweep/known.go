package sweep

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"busbar/adapters/debbugs"
	"busbar/common/event"
	"busbar/common/journal"
)

// A known is what was last published of a bug.
type known struct {
	debbugs.Status
	// Since is up to when the bug's messages were there before we were: those
	// are never published. Unix seconds; 0: all are published.
	Since int64 `json:"since,omitempty"`
	// Published is the number of the last message of its log that was published, and
	// PublishedID that message's id: where the two still belong together, only what
	// follows is new.
	Published   int    `json:"told,omitempty"`
	PublishedID string `json:"told_id,omitempty"`
	// Faulty is how often its log could not be read, Missing how often the
	// tracker did not know it: both are looked after in each round.
	Faulty  int `json:"faulty,omitempty"`
	Missing int `json:"missing,omitempty"`
	// Back is in how many rounds in a row it was as before.
	Back int `json:"back,omitempty"`
	// Absent is when it was missing first, if many were with it, Unix seconds.
	Absent int64 `json:"absent,omitempty"`
	// Fresh says that its log was modified only just before it was read: times
	// are whole seconds, so one more message may have come under the same one.
	Fresh bool `json:"fresh,omitempty"`
	// Said is up to which saying of other publishers it was compared.
	Said int64 `json:"said,omitempty"`
}

// care says whether it is to be looked after in each round.
func (k known) care() bool {
	return k.Fresh || k.Missing > 0 || k.Back > 0 || k.Faulty > 0 && k.Faulty < logPatience
}

// freshness is far more than a second, for clocks differ.
const freshness = time.Minute

// justNow says whether a bug was modified only just now.
func (s *Sweep) justNow(st debbugs.Status) bool {
	return s.o.Now().Sub(time.Unix(st.LogModified, 0)) < freshness
}

// value is the form in the journal: for a quick start, when the log was modified
// and a mark if the bug is to be looked after; a blank, and JSON.
func (k known) value() []byte {
	head := strconv.AppendInt(nil, k.LogModified, 10)
	if k.care() {
		head = append(head, '!')
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // addresses are in angle brackets
	_ = enc.Encode(k)        // texts and numbers always encode
	return append(append(head, ' '), bytes.TrimSpace(b.Bytes())...)
}

// head reads the beginning of a value.
func head(value []byte) (modified int64, care bool) {
	text, _, _ := bytes.Cut(value, []byte{' '})
	text, care = bytes.CutSuffix(text, []byte{'!'})
	modified, _ = strconv.ParseInt(string(text), 10, 64)
	return modified, care
}

func (s *Sweep) state(bug int, k *known) event.State {
	seen := event.State{Source: s.o.Source, Key: strconv.Itoa(bug)}
	if k != nil {
		seen.Value = k.value()
	}
	return seen
}

// known is what was last published of a bug, nil if nothing was.
func (s *Sweep) known(ctx context.Context, bug int) (*known, error) {
	value, err := s.o.Journal.Reader().StateOf(ctx, s.o.Source, strconv.Itoa(bug))
	if errors.Is(err, journal.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	_, text, _ := bytes.Cut(value, []byte{' '})
	k := &known{}
	if err := json.Unmarshal(text, k); err != nil {
		return nil, fmt.Errorf("reading what is known of bug %d: %w", bug, err)
	}
	return k, nil
}

// margin is far more than debbugs takes between receiving a mail and filing it.
const margin = 15 * time.Minute

// lately says whether a bug's log was modified within the margin: then a mail
// that was received before that may still be filed after it.
func (s *Sweep) lately(st debbugs.Status) bool {
	return s.o.Now().Sub(time.Unix(st.LogModified, 0)) < margin
}

// recorded is a bug that was there before us: its messages of up to now are no news.
func (s *Sweep) recorded(st debbugs.Status) *known {
	return &known{Status: st, Since: max(st.LogModified, 1)}
}

// news are the messages of a log that were not published yet.
func (k known) news(log []debbugs.Entry) []debbugs.Entry {
	for i, e := range log {
		if k.Published > 0 && e.Number == k.Published && e.MessageID() == k.PublishedID {
			return log[i+1:]
		}
	}
	if k.Since == 0 {
		return log
	}
	var list []debbugs.Entry
	for _, e := range log {
		if at := e.Arrived(); at.IsZero() || at.Unix() > k.Since {
			list = append(list, e)
		}
	}
	return list
}

// logPublished records that the whole log is published.
func (k *known) logPublished(log []debbugs.Entry) {
	k.Faulty = 0
	if len(log) > 0 {
		last := log[len(log)-1]
		k.Published, k.PublishedID = last.Number, last.MessageID()
	}
}
