package maildir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"busbar/fixtures/leaks"
)

func TestMain(m *testing.M) { os.Exit(leaks.Run(m)) }

// patience is how long a test waits for what must come; nothing depends on it
// being short.
const patience = 3 * time.Minute // only a failure waits so long

// A box is a Maildir under test.
type box struct {
	t   *testing.T
	dir string
	ch  *Channel
	log *lines
}

func newBox(t *testing.T) *box {
	t.Helper()
	b := &box{t: t, dir: t.TempDir(), log: &lines{}}
	if err := makeDirs(b.dir, true); err != nil {
		t.Fatal(err)
	}
	return b
}

// open opens the channel; without options that say otherwise, it hears of new
// mails by notification or (within the test's life) never.
func (b *box) open(o Options) *box {
	b.t.Helper()
	o.Dir = b.dir
	if o.Limit == 0 {
		o.Limit = 1 << 20
	}
	if o.Poll == 0 {
		o.Poll = time.Hour
	}
	o.Log = slog.New(slog.NewTextHandler(b.log, nil))
	ch, err := Open(o)
	if err != nil {
		b.t.Fatal(err)
	}
	b.ch = ch
	b.t.Cleanup(func() {
		if err := ch.Close(); err != nil {
			b.t.Errorf("Close: %v", err)
		}
	})
	return b
}

// idle shows that the channel waits and does nothing.
func (b *box) idle(d time.Duration) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if m, _, err := b.ch.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		b.t.Fatalf("Next gave %q, %v; there is nothing to give", m.Name, err)
	}
}

// idleUntil is idle for as long as it takes until is says so.
func (b *box) idleUntil(what string, is func() bool) {
	b.t.Helper()
	for end := time.Now().Add(patience); !is(); b.idle(50 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("never: %s\n%s", what, b.log)
		}
	}
}

// next takes the next mail.
func (b *box) next() (Mail, func(error)) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	m, done, err := b.ch.Next(ctx)
	if err != nil {
		b.t.Fatalf("Next: %v\n%s", err, b.log)
	}
	return m, done
}

// expect takes the next mail, which must be that one, and ends it.
func (b *box) expect(name, text string) {
	b.t.Helper()
	m, done := b.next()
	if m.Name != name || string(m.Raw) != text {
		b.t.Fatalf("got %q with %d bytes %.40q, want %q with %.40q", m.Name, len(m.Raw), m.Raw, name, text)
	}
	done(nil)
}

func (b *box) path(parts ...string) string {
	return filepath.Join(append([]string{b.dir}, parts...)...)
}

func (b *box) write(path, text string) {
	b.t.Helper()
	if err := os.WriteFile(b.path(path), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// arrive brings a mail by rename.
func (b *box) arrive(name, text string) {
	b.t.Helper()
	b.write("tmp/"+name, text)
	if err := os.Rename(b.path("tmp", name), b.path("new", name)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) names(sub string) []string {
	b.t.Helper()
	entries, err := os.ReadDir(b.path(sub))
	if err != nil {
		b.t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (b *box) contains(sub string, want ...string) {
	b.t.Helper()
	if got := b.names(sub); fmt.Sprint(got) != fmt.Sprint(want) {
		b.t.Errorf("%s/ holds %q, want %q", sub, got, want)
	}
}

// lines is a log that is read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lines) count(s string) int { return bytes.Count([]byte(l.String()), []byte(s)) }
