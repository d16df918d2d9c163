package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"busbar/bus/ask"
	"busbar/bus/filter"
	"busbar/bus/printer"
	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/programtest"
	again "busbar/common/replay"
)

func TestNumbers(t *testing.T) {
	for text, want := range map[string][2]uint64{"": {0, 0}, "17": {17, 17}, "17..40": {17, 40}, "17..": {17, 0}, "..40": {1, 40}, "1..1": {1, 1}} {
		if from, to, err := numbers(text); err != nil || from != want[0] || to != want[1] {
			t.Errorf("%q is %d to %d, %v", text, from, to, err)
		}
	}
	for _, text := range []string{"..", "0", "-1", "5..3", "0..3", "a", "1..b", "1...2", " 1", "9007199254740992"} {
		if from, to, err := numbers(text); err == nil {
			t.Errorf("%q is %d to %d", text, from, to)
		}
	}
}

// FuzzNumbers: what is a range is one from 1 on that does not end before it begins.
func FuzzNumbers(f *testing.F) {
	f.Add("17..40")
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		from, to, err := numbers(text)
		if err == nil && text != "" && (from < 1 || from > maxNumber || to > maxNumber || to > 0 && to < from) {
			t.Errorf("%q is %d to %d", text, from, to)
		}
	})
}

// FuzzMessages: whatever a hub answers is messages or an error.
func FuzzMessages(f *testing.F) {
	f.Add([]byte(`{"raw_messages":[{"topic":"a","msg":NaN}],"total":1}`))
	f.Add([]byte(`{"raw_messages":[1]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := messages(body)
		if err != nil && !errors.Is(err, ask.ErrNoHub) {
			t.Errorf("%q: %v", body, err)
		}
		for _, tree := range list {
			_ = event.View(tree) // it takes any
		}
	})
}

// said is message n of a publisher.
func said(t *testing.T, n int64) []byte {
	t.Helper()
	body, err := event.Canonical(event.Envelope{
		Topic: "org.debian.dev.logger.log", MsgID: event.FormatID(time.Unix(0, 0), event.UUID("p", fmt.Sprint(n))), Timestamp: 1000 + n,
		Publisher: "p", Epoch: "e", Seq: n, Title: fmt.Sprint("line ", n), Msg: map[string]any{"n": n},
	}.Tree())
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// collect is a collector that verifies nothing, and what it prints.
func collect() (c *collector, stdout, stderr *programtest.Output) {
	stdout, stderr = &programtest.Output{}, &programtest.Output{}
	p := &program.Env{Name: "bus", Stdout: stdout, Stderr: stderr, Getenv: programtest.NothingSet}
	return &collector{out: printer.New(p, printer.Flags{}), flush: func() error { return nil }, prefix: "org.debian"}, stdout, stderr
}

// lineNumbers are those of the lines that are printed.
func lineNumbers(out *programtest.Output) string {
	var list []string
	for l := range strings.Lines(out.String()) {
		_, n, _ := strings.Cut(strings.TrimSpace(l), "line ")
		list = append(list, n)
	}
	return strings.Join(list, " ")
}

// A fake is a publisher that answers as it was told.
type fake struct {
	kept    again.Have
	answers []func(r again.Range, hand func(string, []byte) error) error
	asked   []again.Range
}

func (f *fake) have(context.Context, string, string) (again.Have, error) { return f.kept, nil }
func (f *fake) byID(context.Context, string) ([]byte, error)             { return nil, again.ErrDropped }
func (f *fake) close() error                                             { return nil }

func (f *fake) fetch(_ context.Context, r again.Range, hand func(string, []byte) error) error {
	f.asked = append(f.asked, r)
	if len(f.asked) > len(f.answers) {
		return errors.New("asked too often")
	}
	return f.answers[len(f.asked)-1](r, hand)
}

// TestPrunedUnderway: what retention drops while it is asked for is named, and the
// rest comes; an answer that makes no sense ends it.
func TestPrunedUnderway(t *testing.T) {
	send := func(from, to int64, then error) func(again.Range, func(string, []byte) error) error {
		return func(_ again.Range, hand func(string, []byte) error) error {
			for n := from; n <= to; n++ {
				if err := hand("org.debian.dev.logger.log", said(t, n)); err != nil {
					return err
				}
			}
			return then
		}
	}
	f := &fake{kept: again.Have{Publisher: "p", Epoch: "e", Oldest: 1, Newest: 9}}
	f.answers = append(f.answers, send(1, 2, &again.GoneError{Next: 3, Oldest: 6}), send(6, 7, &again.GoneError{Next: 8, Oldest: 0}))
	c, out, errs := collect()
	if err := (one{f}).replay(t.Context(), wanted{from: 1}, c); err != nil {
		t.Fatal(err)
	}
	if got := lineNumbers(out); got != "1 2 6 7" || c.missing != 2 || f.asked[1].From != 6 ||
		!strings.Contains(errs.String(), "messages 3 to 5 of p") || !strings.Contains(errs.String(), "messages from 8 on of p") {
		t.Errorf("printed %s, and said %s", got, errs)
	}
	f = &fake{kept: f.kept}
	f.answers = append(f.answers, send(1, 2, &again.GoneError{Next: 3, Oldest: 3}))
	c, _, _ = collect()
	if err := (one{f}).replay(t.Context(), wanted{from: 1}, c); err == nil {
		t.Error("it goes on for ever")
	}
}

// TestTimes: a time ends with the first message behind it; what is foreign to the
// sequence is refused.
func TestTimes(t *testing.T) {
	f := &fake{kept: again.Have{Publisher: "p", Epoch: "e", Oldest: 1, Newest: 9}}
	f.answers = append(f.answers, func(r again.Range, hand func(string, []byte) error) error {
		foreign := bytes.Replace(said(t, 5), []byte(`"publisher":"p"`), []byte(`"publisher":"q"`), 1)
		for _, body := range [][]byte{said(t, 4), foreign, []byte("no message"), said(t, 6), said(t, 7)} {
			if err := hand("org.debian.dev.logger.log", body); err != nil {
				return fmt.Errorf("fetching: %w", err)
			}
		}
		return nil
	})
	c, out, errs := collect()
	if err := (one{f}).replay(t.Context(), wanted{since: time.Unix(1004, 0), until: time.Unix(1006, 0)}, c); err != nil {
		t.Fatal(err)
	}
	if got := lineNumbers(out); got != "4 6" || c.missing != 2 || !f.asked[0].Since.Equal(time.Unix(1004, 0)) {
		t.Errorf("printed %s, and said %s", got, errs)
	}
}

// TestHubPages: pages are asked for until none is left, however few messages are on
// one; a hub that is busy is asked again; what a hub lacks is named.
func TestHubPages(t *testing.T) {
	var busy atomic.Bool
	busy.Store(true)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		var bodies []string
		switch {
		case busy.Swap(false):
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		case r.URL.Path == "/at/status.json":
			fmt.Fprint(w, `{"publishers":[{"publisher":"p","epoch":"old","head":99},{"publisher":"p","epoch":"e","head":8,"base":2}]}`)
			return
		case r.URL.Path != "/at/raw" || r.URL.Query().Get("order") != "asc":
			t.Errorf("asked for %s", r.URL)
		case page == 1:
			bodies = []string{string(said(t, 3)), string(said(t, 4))}
		case page == 2:
			bodies = []string{string(said(t, 7))}
		}
		fmt.Fprintf(w, `{"raw_messages":[%s]}`, strings.Join(bodies, ","))
	}))
	defer s.Close()
	from, err := openHub(s.URL+"/at/", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	c, out, errs := collect()
	c.takes = filter.Filter{Topic: []string{"logger"}}
	if err := from.replay(t.Context(), wanted{publisher: "p", from: 1, to: 10}, c); err != nil {
		t.Fatal(err)
	}
	want := "bus: messages 1 to 2 of p are not there: the hub no longer keeps them\n" +
		"bus: messages 5 to 6 of p are not there: the hub does not have them\n" +
		"bus: messages 8 to 10 of p are not there: the newest at the hub is 8\n"
	if got := lineNumbers(out); got != "3 4 7" || errs.String() != want {
		t.Errorf("printed %s, and said\n%s", got, errs)
	}
}

// TestNoHub: what answers and is no hub, and one that fails.
func TestNoHub(t *testing.T) {
	for answer, want := range map[string]int{
		"200 hello": exit.Config, "200 {}": exit.Config, `200 {"raw_messages":[1]}`: exit.Config, "404 x": exit.Config, "400 x": exit.Config, "500 x": exit.TempFail,
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			code, text, _ := strings.Cut(answer, " ")
			n, _ := strconv.Atoi(code)
			w.WriteHeader(n)
			fmt.Fprint(w, text)
		}))
		from, err := openHub(s.URL, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		c, _, _ := collect()
		err = from.replay(t.Context(), wanted{}, c)
		if err == nil || exit.Code(unable(err), 0) != want {
			t.Errorf("%s: %v", answer, err)
		}
		s.Close()
	}
	if _, err := openHub("http://", time.Minute); err == nil {
		t.Error("no host is an address")
	}
}

func TestQuery(t *testing.T) {
	c := &collector{takes: filter.Filter{Topic: []string{"a.b"}, Package: []string{"x", "y"}, Person: []string{`say "hello"`}}}
	if got, want := query("p q", c), `publisher:"p q" topic:"a.b" package:"x" package:"y"`; got != want {
		t.Errorf("asked for %s", got)
	}
}
