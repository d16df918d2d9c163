package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// The words that begin messages of a stream, the first of two frames or more; the
// second is a JSON object (docs/reference/replay.md).
const (
	wordReplay = "REPLAY/1" // client: a request
	wordMore   = "MORE"     // client: further credit
	wordBegin  = "BEGIN"    // server: what there is
	wordPart   = "PART"     // server: messages
	wordEnd    = "END"      // server: the end, and why
)

// Why a stream ended.
const (
	whyComplete   = "complete"
	whyGone       = "gone"
	whyAbsent     = "absent"
	whyEpoch      = "epoch"
	whyUnreadable = "unreadable"
	whyRefused    = "refused"
	whySlow       = "slow"
)

const (
	maxSeq    = 1<<53 - 1 // as wire.MaxSeq
	maxName   = 256       // bytes of a publisher's name or epoch
	maxObject = 64 << 10  // bytes of an object in an answer

	// defaultCredit is what may be sent before there is more credit, if the request
	// says nothing; maxCredit the most that is ever open.
	defaultCredit = 1 << 20
	maxCredit     = 64 << 20
)

// A request is the object of REPLAY/1.
type request struct {
	Publisher string `json:"publisher,omitempty"`
	Epoch     string `json:"epoch,omitempty"`
	From      uint64 `json:"from,omitempty"`
	To        uint64 `json:"to,omitempty"`
	Since     *int64 `json:"since,omitempty"`
	Credit    *int64 `json:"credit,omitempty"`
}

// A grant is the object of MORE.
type grant struct {
	Credit int64 `json:"credit"`
}

// A begin is the object of BEGIN.
type begin struct {
	Have
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// A partHead is the object of PART.
type partHead struct {
	First uint64 `json:"first"`
}

// An end is the object of END.
type end struct {
	Why       string `json:"why"`
	Next      uint64 `json:"next,omitempty"`
	Oldest    uint64 `json:"oldest,omitempty"`
	Newest    uint64 `json:"newest,omitempty"`
	Publisher string `json:"publisher,omitempty"`
	Epoch     string `json:"epoch,omitempty"`
	Archive   bool   `json:"archive,omitempty"`
	Text      string `json:"text,omitempty"`
}

// parseRequest reads the frames of a request for a stream.
func parseRequest(frames [][]byte) (request, error) {
	var r request
	if word := string(frames[0]); word != wordReplay {
		return r, fmt.Errorf("the word %.40q is not known: this server speaks %s and %s", word, wordReplay, wordMore)
	}
	if err := object(frames, &r); err != nil {
		return r, err
	}
	switch {
	case len(r.Publisher) > maxName || len(r.Epoch) > maxName:
		return r, fmt.Errorf("the name of a publisher or epoch has more than %d bytes", maxName)
	case r.From > maxSeq || r.To > maxSeq:
		return r, fmt.Errorf("numbers go up to %d", uint64(maxSeq))
	case r.From > 0 && r.Since != nil:
		return r, errors.New("from and since exclude each other")
	case r.To > 0 && r.To < r.From:
		return r, fmt.Errorf("the range ends (%d) before it begins (%d)", r.To, r.From)
	case r.Credit != nil && (*r.Credit < 0 || *r.Credit > maxCredit):
		return r, fmt.Errorf("credit is a number from 0 to %d", maxCredit)
	}
	return r, nil
}

// parseMore reads the frames of a grant.
func parseMore(frames [][]byte) (int64, error) {
	var g grant
	if word := string(frames[0]); word != wordMore {
		return 0, fmt.Errorf("the word %.40q does not belong into a stream: only %s does", word, wordMore)
	}
	if err := object(frames, &g); err != nil {
		return 0, err
	}
	if g.Credit <= 0 || g.Credit > maxCredit {
		return 0, fmt.Errorf("credit is a number from 1 to %d", maxCredit)
	}
	return g.Credit, nil
}

// object reads the second of two frames.
func object(frames [][]byte, into any) error {
	if len(frames) != 2 {
		return fmt.Errorf("%s has two frames, not %d", frames[0], len(frames))
	}
	return decode(string(frames[0]), frames[1], into)
}

func decode(word string, raw []byte, into any) error {
	switch {
	case len(raw) > maxObject:
		return fmt.Errorf("the object of %s has %d bytes, more than %d", word, len(raw), maxObject)
	case !utf8.Valid(raw) || !strings.HasPrefix(strings.TrimLeft(string(raw), " \t\r\n"), "{"):
		return fmt.Errorf("%s needs a JSON object", word)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("reading the object of %s: %w", word, err)
	}
	return nil
}

// encode writes an object; ours have nothing that JSON lacks.
func encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		raw = []byte("{}")
	}
	return raw
}

// err is what an end means to a client; nil for a complete range.
func (e end) err() error {
	switch e.Why {
	case whyComplete:
		return nil
	case whyGone:
		return &GoneError{Next: e.Next, Oldest: e.Oldest}
	case whyAbsent:
		return &AbsentError{Next: e.Next, Newest: e.Newest, Archive: e.Archive}
	case whyEpoch:
		return &EpochError{Publisher: e.Publisher, Epoch: e.Epoch, Archive: e.Archive}
	case whyUnreadable:
		return ErrUnreadable
	case whyRefused:
		return fmt.Errorf("%w: %.200q", ErrRefused, e.Text)
	}
	return fmt.Errorf("the server ended the stream (%.40q %.200q)", e.Why, e.Text)
}

// request is a range as it is asked for.
func (r Range) request(credit int64) request {
	q := request{Publisher: r.Publisher, Epoch: r.Epoch, From: r.From, To: r.To, Credit: &credit}
	if r.From == 0 && !r.Since.IsZero() {
		since := r.Since.Unix()
		q.Since = &since
	}
	return q
}

func (r request) since() (time.Time, bool) {
	if r.Since == nil {
		return time.Time{}, false
	}
	return time.Unix(*r.Since, 0), true
}
