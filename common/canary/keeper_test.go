package canary

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/common/journal"
	"busbar/common/translate"
)

// A place is a keeper with a journal, whose clock stands where the test sets it.
type place struct {
	*Keeper
	t   *testing.T
	mu  sync.Mutex
	now time.Time
}

const channel = "the spool"

var route = Route{
	Interval: time.Minute,
	Send:     func(context.Context, string) error { return nil },
	Find: func(it translate.Item[any]) *Found {
		if f, ok := it.Value.(Found); ok {
			return &f
		}
		return nil
	},
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir := t.TempDir()
	key, err := OpenKey(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(t.Context(), journal.Options{Path: filepath.Join(dir, "journal.db"), Identity: journal.Identity{
		Prefix: "org.debian", Environment: "dev", Name: "mail2bus.test", Username: "mail2bus"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	p := &place{t: t, now: time.UnixMilli(1_790_000_000_123)}
	p.open(j, key)
	return p
}

// open opens a keeper, as a start of the program does.
func (p *place) open(j *journal.Journal, key Key) {
	p.t.Helper()
	k, err := Open(p.t.Context(), Options{Adapter: "mail2bus", Publisher: "mail2bus.test", Channel: channel, Key: key, Journal: j, Route: route, Now: p.clock})
	if err != nil {
		p.t.Fatal(err)
	}
	p.Keeper = k
}

func (p *place) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *place) pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

// sendOne gives the token of the next canary.
func (p *place) sendOne() (token string) {
	p.t.Helper()
	p.o.Route.Send = func(_ context.Context, m string) error { token = m; return nil }
	if err := p.send(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	return token
}

// arrive has an item come out of the channel, as a pump does.
func (p *place) arrive(value any) translate.Outcome {
	p.t.Helper()
	it := p.See(translate.Item[any]{Origin: "test", Value: value})
	out, err := translate.Run([]translate.Translator[any]{translate.Of(Translator())}, it)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.o.Journal.Append(p.t.Context(), journal.Record{Origin: it.Origin, Evidence: it.Evidence, Events: out.Events, Skip: out.Skip, States: it.States}); err != nil {
		p.t.Fatal(err)
	}
	return out
}

// looks has the keeper look, and gives what the journal holds: the ends of the topics.
func (p *place) looks() (said []string) {
	p.t.Helper()
	if err := p.look(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	list, err := p.o.Journal.Reader().After(p.t.Context(), 0, 100)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, m := range list {
		said = append(said, Topic(m.Topic))
	}
	return said
}

func (p *place) want(when string, overdue bool, said ...string) {
	p.t.Helper()
	if got := p.looks(); !slices.Equal(got, said) {
		p.t.Errorf("%s: the journal holds %q, want %q", when, got, said)
	}
	list := p.Conditions()
	if (len(list) == 1) != overdue || p.Status().Overdue != overdue {
		p.t.Errorf("%s: conditions %v, status %+v; want overdue %v", when, list, p.Status(), overdue)
	}
}

// TestBreakAndReturn: a channel that is broken is named after two intervals, once, also
// where the program starts again; and once when it works again.
func TestBreakAndReturn(t *testing.T) {
	p := newPlace(t)
	p.want("at first", false)
	token := p.sendOne()
	p.pass(3 * time.Second)
	if out := p.arrive(Found{Token: token}); len(out.Events) != 1 || out.Events[0].Body.(Passed).TookMS != 3000 {
		t.Fatalf("a canary becomes %+v", out)
	}
	p.want("after one", false, Pass)
	p.sendOne() // it is lost
	p.pass(2 * time.Minute)
	p.want("after two intervals", false, Pass)
	p.pass(time.Second)
	p.want("after more than two intervals", true, Pass, Miss)
	p.pass(time.Hour)
	p.want("an hour later", true, Pass, Miss)
	p.open(p.o.Journal, p.o.Key)
	p.want("after a start", true, Pass, Miss)
	p.arrive(Found{Token: p.sendOne()})
	p.want("when one comes", false, Pass, Miss, Pass, Return)
	p.want("later", false, Pass, Miss, Pass, Return)
	p.open(p.o.Journal, p.o.Key)
	p.pass(2 * time.Minute)
	p.want("two intervals after a start", false, Pass, Miss, Pass, Return)
}

// TestNeverAny: a channel through which none ever came is named, too, with the reason.
func TestNeverAny(t *testing.T) {
	p := newPlace(t)
	p.o.Route.Send = func(context.Context, string) error { return errors.New("no sendmail here") }
	if err := p.send(t.Context()); err == nil {
		t.Fatal("it was sent")
	}
	p.want("at first", false)
	p.pass(2*time.Minute + time.Second)
	p.want("later", true, Miss)
	if c := p.Conditions()[0]; !strings.Contains(c.Text, "no sendmail here") || c.Name != "canary "+channel {
		t.Errorf("the condition is %+v", c)
	}
	p.arrive(Found{Token: p.sendOne()})
	p.want("when one comes", false, Miss, Pass, Return)
}

// TestForged: tokens that this adapter did not make for this channel are refused, and
// counted; a copy of one that it made says nothing new.
func TestForged(t *testing.T) {
	p := newPlace(t)
	first, second := p.sendOne(), p.sendOne()
	p.arrive(Found{Token: second})
	last := second[len(second)-1:]
	other := strings.TrimSuffix(second, last) + map[bool]string{true: "1", false: "0"}[last == "0"]
	forged := []string{"", "-", "--", other, strings.ToUpper(other), "9" + second, strings.Repeat("9", 10_000),
		p.o.Key.token("mail2bus.other", channel, 1<<50, p.now), p.o.Key.token("mail2bus.test", "another", 1<<50, p.now), Key("guess").token("mail2bus.test", channel, 1<<50, p.now)}
	for _, token := range forged {
		if out := p.arrive(Found{Token: token}); out.Skip != "canary: "+foreign {
			t.Errorf("%.50q becomes %+v", token, out)
		}
	}
	p.want("after forged ones", false, Pass)
	if out := p.arrive(Found{Token: first}); out.Skip != "canary: "+overtaken {
		t.Errorf("one that was overtaken becomes %+v", out)
	}
	p.pass(2*time.Minute + time.Second)
	p.arrive(Found{Token: second}) // whoever saw it may send it again
	p.want("after a copy", true, Pass, Miss)
	c, err := p.o.Journal.Reader().Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c.Skipped["canary: "+foreign] != int64(len(forged)) || c.Skipped["canary: "+overtaken] != 1 || c.Duplicates != 1 {
		t.Errorf("counted are %v, and %d duplicates", c.Skipped, c.Duplicates)
	}
}

// TestOtherItems stay as they are, and what a canary left behind is none of them.
func TestOtherItems(t *testing.T) {
	p := newPlace(t)
	if it := p.See(translate.Item[any]{Value: "a mail"}); it.Value != "a mail" {
		t.Errorf("an item becomes %v", it.Value)
	}
	if out := p.arrive(Found{Rest: true}); out.Skip != "canary: "+rest {
		t.Errorf("a rest becomes %+v", out)
	}
	if out := p.arrive(Found{Token: p.sendOne(), Amiss: "no hook reported it"}); out.Skip != "canary: no hook reported it" {
		t.Errorf("one that came another way becomes %+v", out)
	}
	p.pass(2*time.Minute + time.Second)
	p.want("later", true, Miss)
	if text := p.Conditions()[0].Text; !strings.Contains(text, "the last one came, but no hook reported it") {
		t.Errorf("the condition says %q", text)
	}
}

// TestReadAgain: a canary that could not be stored comes again, and is the same.
func TestReadAgain(t *testing.T) {
	p := newPlace(t)
	token := p.sendOne()
	p.pass(time.Second)
	once := p.See(translate.Item[any]{Value: Found{Token: token}}).Value.(Canary)
	p.pass(time.Hour)
	again := p.See(translate.Item[any]{Value: Found{Token: token}}).Value.(Canary)
	if once != again || once.Refused != "" {
		t.Errorf("it was %+v, and is %+v", once, again)
	}
}

// TestNumbersGrow: also where the clock goes back, and the program starts again.
func TestNumbersGrow(t *testing.T) {
	p := newPlace(t)
	p.arrive(Found{Token: p.sendOne()})
	p.pass(-24 * time.Hour)
	p.open(p.o.Journal, p.o.Key)
	if out := p.arrive(Found{Token: p.sendOne()}); out.Skip != "" || len(out.Events) != 1 {
		t.Errorf("with the clock set back, one becomes %+v", out)
	}
}

// TestRun sends at once, and again after a failure.
func TestRun(t *testing.T) {
	p := newPlace(t)
	p.o.Now, p.o.Route.Interval = time.Now, 50*time.Millisecond
	sent := make(chan string)
	fails := true
	p.o.Route.Send = func(ctx context.Context, token string) error {
		if fails = !fails; fails {
			return errors.New("not now")
		}
		select {
		case sent <- token:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	var tokens []string
	for range 4 {
		token := <-sent
		if p.arrive(Found{Token: token}); slices.Contains(tokens, token) {
			t.Errorf("the token %s came twice", token)
		}
		tokens = append(tokens, token)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	one, err := OpenKey(file)
	if err != nil {
		t.Fatal(err)
	}
	if two, err := OpenKey(file); err != nil || !slices.Equal(one, two) {
		t.Errorf("the key is %x, and was %x; %v", two, one, err)
	}
	for _, text := range []string{"", "00", strings.Repeat("x", 64)} {
		if _, err := OpenKey(writeFile(t, text)); err == nil || !strings.Contains(err.Error(), "remove it") {
			t.Errorf("with %q, it gives %v", text, err)
		}
	}
	if _, err := OpenKey(t.TempDir()); err == nil {
		t.Error("a directory is a key")
	}
}

// FuzzToken: whatever somebody writes, only what the key made is read, as it was made.
func FuzzToken(f *testing.F) {
	key := Key("a key of the tests")
	at := time.UnixMilli(1_790_000_000_123)
	f.Add(key.token("p", "c", 7, at))
	f.Add("7-1790000000123-00112233445566778899aabbccddeeff")
	f.Fuzz(func(t *testing.T, token string) {
		number, sent, err := key.read("p", "c", token)
		if err == nil && strings.ToLower(token) != key.token("p", "c", number, sent) {
			t.Errorf("%q is read as %d, %s", token, number, sent)
		}
	})
}
