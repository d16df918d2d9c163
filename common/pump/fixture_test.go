package pump

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/translate"
)

type noteBody struct {
	Text string `json:"text"`
}

var noteKind = event.Define("notes.note.create", "somebody wrote a note", func(b noteBody) string { return b.Text }, nil)

func translateNote(it translate.Item[string]) ([]event.Event, error) {
	return []event.Event{{Kind: noteKind, Key: it.Value, Body: noteBody{it.Value}}}, nil
}

func notes(toEvents translate.Func[string]) []translate.Translator[any] {
	return []translate.Translator[any]{translate.Of(translate.Translator[string]{Name: "notes", Translate: toEvents, Kinds: event.Catalog{noteKind}})}
}

// tape is a channel with positions: it reads on from the oldest item that it
// must keep, as a reader of a file would.
type tape struct {
	items []string

	mu    sync.Mutex
	at    int
	state []int // how often each item was finished with nil
	dones []int // how often done was called for each time it was handed out
	given int
	ahead int   // items kept after done(nil) would be a loss: see check
	done  int   // hand-outs that are done
	order []int // those whose done did not come in order
	fail  error // from the next Next
	wake  chan struct{}
	end   bool // io.EOF behind the last item, else wait
}

func newTape(items []string, end bool) *tape {
	return &tape{items: items, state: make([]int, len(items)), wake: make(chan struct{}, 1), end: end}
}

func (c *tape) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	for {
		c.mu.Lock()
		if err := c.fail; err != nil {
			c.fail = nil
			c.mu.Unlock()
			return translate.Item[any]{}, nil, nil, err
		}
		if c.at < len(c.items) {
			defer c.mu.Unlock()
			return c.give()
		}
		finished := c.end && !slices.Contains(c.state, 0)
		c.mu.Unlock()
		if finished {
			return translate.Item[any]{}, nil, nil, io.EOF
		}
		select {
		case <-ctx.Done():
			return translate.Item[any]{}, nil, nil, ctx.Err()
		case <-c.wake:
		}
	}
}

func (c *tape) give() (translate.Item[any], []byte, func(error), error) {
	i, n := c.at, c.given
	c.at++
	c.given++
	c.dones = append(c.dones, 0)
	done := func(err error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.dones[n]++
		if c.done++; c.done != n+1 {
			c.order = append(c.order, n)
		}
		if err != nil {
			c.at = min(c.at, i)
		} else {
			c.state[i]++
			if slices.Contains(c.state[:i], 0) {
				c.ahead++ // stored though an item before it was not
			}
		}
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
	it := translate.Item[any]{Origin: "tape " + strconv.Itoa(i), Value: c.items[i], Raw: []byte(c.items[i]), Digest: "digest of " + c.items[i], Received: time.Unix(1700000000, 0)}
	return it, []byte(strconv.Itoa(i + 1)), done, nil
}

// check says what the pump did wrong by its source.
func (c *tape) check(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for n, calls := range c.dones {
		if calls != 1 {
			t.Fatalf("done was called %d times for hand-out %d", calls, n)
		}
	}
	if c.order != nil {
		t.Errorf("done came out of order for the hand-outs %v", c.order)
	}
	if c.ahead != 0 {
		t.Errorf("%d items were stored before an older one", c.ahead)
	}
}

func lines(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = "line " + strconv.Itoa(i)
	}
	return list
}

func openJournal(t *testing.T, seal func(*event.Encoded) error) *journal.Journal {
	t.Helper()
	j, err := journal.Open(context.Background(), journal.Options{
		Path:     filepath.Join(t.TempDir(), "journal"),
		Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "notes"},
		Seal:     seal,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func newPump(j *journal.Journal, c Channel, toEvents translate.Func[string]) *Pump {
	return &Pump{
		Channel: c, Table: notes(toEvents), Journal: j, Source: "tape",
	}
}

// stored is the texts in the journal, which must be whole and in order.
func stored(t *testing.T, j *journal.Journal) []string {
	t.Helper()
	var texts []string
	report, err := j.Reader().Verify(context.Background(), func(_ journal.Message, tree map[string]any) error {
		msg, ok := tree["msg"].(map[string]any)
		if !ok {
			return errors.New("it has no body")
		}
		texts = append(texts, msg["text"].(string))
		return nil
	})
	if err != nil || !report.OK() {
		t.Fatalf("Verify: %+v, %v", report, err)
	}
	return texts
}
