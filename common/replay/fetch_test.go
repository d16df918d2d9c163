package replay

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestFetch(t *testing.T) {
	b := newBook(t, 20)
	b.add(1, 600<<10) // larger than a part
	b.add(300, 0)
	b.add(2, 300<<10)
	s := New(b.source(), nil)
	endpoint := serve(t, s)
	newest := b.n
	for _, r := range []struct {
		Range
		from, to int
	}{
		{Range{}, 1, newest}, {Range{From: 1, To: 1}, 1, 1}, {Range{From: 5, To: 20}, 5, 20},
		{Range{Publisher: "notes.host", Epoch: b.Epoch(), From: 15}, 15, newest}, {Range{From: uint64(newest)}, newest, newest},
		{Range{From: uint64(newest) + 1}, newest + 1, newest}, {Range{To: 3}, 1, 3},
		{Range{Since: began.Add(7 * time.Second)}, 8, newest}, {Range{Since: began.Add(-time.Hour), To: 4}, 1, 4},
		{Range{Since: began.Add(24 * time.Hour)}, newest + 1, newest},
	} {
		for _, window := range []int{0, 1, 1 << 30} {
			if err := fetchAll(t, &Client{Window: window}, endpoint, r.Range, b.bodies(r.from, r.to)); err != nil {
				t.Errorf("%s with window %d: %v", r, window, err)
			}
		}
	}
	h, err := (&Client{}).Have(soon(t), endpoint, "", "")
	if want := (Have{Publisher: "notes.host", Epoch: b.Epoch(), Oldest: 1, Newest: uint64(newest)}); err != nil || h != want {
		t.Errorf("have %+v, %v; want %+v", h, err, want)
	}
	eventually(t, "all have gone", func() bool { return s.Stats().Peers == 0 })
	if got := s.Stats(); got.Streams[whyComplete] != 30 || got.Messages == 0 || got.Bytes == 0 || got.Streams["left"] != 1 || len(got.Cut) != 0 {
		t.Errorf("stats %+v", got)
	}
	for after, want := range map[time.Duration]uint64{7 * time.Second: 8, -time.Hour: 1, 24 * time.Hour: uint64(newest) + 1} {
		if _, from, err := (&Client{}).Begin(soon(t), endpoint, Range{Since: began.Add(after)}); err != nil || from != want {
			t.Errorf("since %s: from %d, %v; want %d", after, from, err, want)
		}
	}
}

// TestAnswersForGood: absent, gone and another sequence are three answers, and what
// is there of the range comes first.
func TestAnswersForGood(t *testing.T) {
	b := newBook(t, 20)
	endpoint := serve(t, New(b.source(), nil))
	c := &Client{}
	var gone *GoneError
	var absent *AbsentError
	var epoch *EpochError
	b.prune(8)
	for _, r := range []Range{{From: 3, To: 12}, {From: 1}, {To: 5}} {
		if err := fetchAll(t, c, endpoint, r, nil); !errors.As(err, &gone) || gone.Oldest != 8 || gone.Next != max(r.From, 1) && gone.Next != r.To {
			t.Errorf("%s: %v", r, err)
		}
	}
	if err := fetchAll(t, c, endpoint, Range{From: 18, To: 25}, b.bodies(18, 20)); !errors.As(err, &absent) || *absent != (AbsentError{Next: 21, Newest: 20}) {
		t.Errorf("beyond the newest: %v", err)
	}
	for _, r := range []Range{{From: 22}, {From: 21, To: 21}, {From: 1 << 52, To: 1 << 52}} {
		if err := fetchAll(t, c, endpoint, r, nil); !errors.As(err, &absent) || *absent != (AbsentError{Next: r.From, Newest: 20}) {
			t.Errorf("%s: %v", r, err)
		}
	}
	for _, r := range []Range{{Epoch: "other", From: 9}, {Publisher: "other", From: 9}, {Publisher: "notes.host", Epoch: "no"}} {
		if err := fetchAll(t, c, endpoint, r, nil); !errors.As(err, &epoch) || *epoch != (EpochError{Publisher: "notes.host", Epoch: b.Epoch()}) {
			t.Errorf("%s: %v", r, err)
		}
	}
	if _, err := c.Have(soon(t), endpoint, "other", ""); !errors.As(err, &epoch) {
		t.Errorf("have: %v", err)
	}
	if err := fetchAll(t, c, endpoint, Range{From: 1 << 60}, nil); !errors.Is(err, ErrRefused) {
		t.Errorf("a number that none can be: %v", err)
	}
	if err := fetchAll(t, c, endpoint, Range{}, b.bodies(8, 20)); err != nil {
		t.Errorf("from the oldest: %v", err)
	}
}

// TestAnEmptyJournal has nothing, and says so.
func TestAnEmptyJournal(t *testing.T) {
	b := newBook(t, 0)
	endpoint := serve(t, New(b.source(), nil))
	for _, r := range []Range{{}, {From: 1}, {Since: began}} {
		if err := fetchAll(t, &Client{}, endpoint, r, nil); err != nil {
			t.Errorf("%s: %v", r, err)
		}
	}
	var absent *AbsentError
	if err := fetchAll(t, &Client{}, endpoint, Range{From: 1, To: 1}, nil); !errors.As(err, &absent) {
		t.Errorf("message 1: %v", err)
	}
}

// TestTheHandsError ends a fetch at once.
func TestTheHandsError(t *testing.T) {
	b := newBook(t, 10)
	endpoint := serve(t, New(b.source(), nil))
	mine, n := errors.New("mine"), 0
	err := (&Client{}).Fetch(soon(t), endpoint, Range{}, func(string, []byte) error {
		if n++; n == 4 {
			return mine
		}
		return nil
	})
	if !errors.Is(err, mine) || n != 4 {
		t.Errorf("%d messages, %v", n, err)
	}
	ctx, cancel := context.WithCancelCause(soon(t))
	n = 0
	err = (&Client{}).Fetch(ctx, endpoint, Range{}, func(string, []byte) error {
		if n++; n == 4 {
			cancel(mine)
		}
		return nil
	})
	if n < 10 && !errors.Is(err, mine) || n == 10 && err != nil && !errors.Is(err, mine) {
		t.Errorf("%d messages, %v", n, err)
	}
}

// TestPrunedUnderway: retention overtakes a stream that waits for credit.
func TestPrunedUnderway(t *testing.T) {
	b := newBook(t, 20)
	endpoint := serve(t, New(b.source(), nil))
	one := len(b.bodies(1, 1)[0])
	peer := ask(t, endpoint, wordReplay, fmt.Sprintf(`{"from":1,"credit":%d}`, one*4))
	if got := peer.message(); got[0] != wordBegin {
		t.Fatalf("first comes %q", got)
	}
	got := peer.message()
	b.prune(15)
	peer.send(wordMore, `{"credit":1000000}`)
	if want := fmt.Sprintf(`{"why":"gone","next":%d,"oldest":15}`, 1+(len(got)-2)/2); len(got) < 4 || got[0] != wordPart {
		t.Errorf("then %q", got)
	} else if end := peer.message(); end[0] != wordEnd || end[1] != want {
		t.Errorf("the end is %q, want %s", end, want)
	}
	peer.send(wordReplay, `{"from":15}`)
	if got := peer.message(); got[0] != wordBegin {
		t.Errorf("the next request is answered with %q", got)
	}
}

// TestUnreadable: a journal that is closed, or has lost a row, is told from one that
// never had the message, and the server goes on.
func TestUnreadable(t *testing.T) {
	b := newBook(t, 20)
	s := New(b.source(), nil)
	endpoint := serve(t, s)
	b.Close()
	if err := fetchAll(t, &Client{}, endpoint, Range{From: 3}, nil); !errors.Is(err, ErrUnreadable) {
		t.Errorf("a closed journal: %v", err)
	}
	x := ask(t, endpoint, "", `{"seq_id":3}`)
	if got := x.message(); len(got) != 2 || got[1] != "error: '"+textUnable+"'" {
		t.Errorf("in fedmsg's form: %q", got)
	}
	eventually(t, "the answer is counted", func() bool { return s.Stats().Streams[whyUnreadable] == 1 && s.Stats().Queries["error"] == 1 })
}

func TestALostRow(t *testing.T) {
	b := newBook(t, 20)
	db, err := sql.Open("sqlite", b.path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("DELETE FROM messages WHERE seq = 10"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	endpoint := serve(t, New(b.source(), nil))
	if err := fetchAll(t, &Client{}, endpoint, Range{From: 3}, b.bodies(3, 9)); !errors.Is(err, ErrUnreadable) {
		t.Errorf("a lost row: %v", err)
	}
	if err := fetchAll(t, &Client{}, endpoint, Range{From: 11, To: 12}, b.bodies(11, 12)); err != nil {
		t.Errorf("behind it: %v", err)
	}
}
