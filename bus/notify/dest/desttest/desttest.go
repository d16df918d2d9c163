// Package desttest is the suite that every destination of `bus notify` passes
// (bus/notify/dest), against a far side that really speaks its protocol. It is linked by
// tests alone.
package desttest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/bus/notify/dest"
)

// A Far is a far side for one test, and the way to it.
type Far struct {
	// Open is a destination that reaches the far side.
	Open func(t *testing.T) dest.Destination
	// To is the i-th of its addresses.
	To func(i int) string
	// Got are what has arrived, in the order in which it was accepted: for each note
	// its address, and whatever a person sees of it, as one text.
	Got func() []Arrived
	// Stop ends the far side with all its connections; Start brings it back where it
	// was, with what it had. Nil: there is no far side that could go away.
	Stop, Start func()
	// Stall has the far side answer nothing until the function that it gives is
	// called. Nil: it cannot.
	Stall func() (goOn func())
	// Refuse has the far side refuse an address for good. Nil: it cannot.
	Refuse func(to string)
	// Alone says that each address is a far side of its own: what is wrong with it holds
	// up no other.
	Alone bool
	// Wrong are texts that are no addresses.
	Wrong []string
	// Leaks is how many goroutines the far side itself may leave.
	Leaks int
}

// Arrived is a note as the far side has it.
type Arrived struct{ To, Text string }

// patience bounds each wait.
const patience = 2 * time.Minute

// Run tries a destination against far sides that start gives, a new one for each part.
func Run(t *testing.T, start func(t *testing.T) Far) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, Far)
	}{
		{"arrives", arrives}, {"parallel", parallel}, {"away", away}, {"stalled", stalled}, {"refused", refused},
		{"twice", twice}, {"hostile", hostile}, {"addresses", addresses}, {"ends", ends},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, start(t)) })
	}
}

// Note is a note for tests, whose subject and text hold mark.
func Note(id, to, mark string) dest.Note {
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	return dest.Note{
		ID: id, Person: "jane", To: to, Kind: dest.Single, Rule: "mine", Time: at,
		Subject: "[hello] " + mark, Text: "Jane Doe uploaded hello 2.10-3 (" + mark + ").\n", Link: "https://tracker.example.org/pkg/hello", Thread: "package/hello",
		Messages: []dest.Message{{
			ID: "2026-6ba7b810-9dad-51d1-80b4-00c04fd430c8", Topic: "org.debian.dev.dak.source.accept", Time: at, Title: "hello 2.10-3 is accepted (" + mark + ")",
			Link: "https://tracker.example.org/pkg/hello", Package: "hello", Keyword: "upload-source", Thread: "package/hello",
			Wire: []byte(`{"msg_id":"2026-6ba7b810-9dad-51d1-80b4-00c04fd430c8","topic":"org.debian.dev.dak.source.accept","msg":{"package":"hello"}}`),
		}},
	}
}

func send(t *testing.T, d dest.Destination, n dest.Note) error {
	t.Helper()
	limit := d.Traits().Patience
	if limit == 0 {
		limit = patience
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return d.Send(ctx, n)
}

// sent hands a note over until it is accepted, as the outbox does.
func sent(t *testing.T, d dest.Destination, n dest.Note) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		err := send(t, d, n)
		if err == nil {
			return
		}
		if f := dest.FateOf(err).Fate; f == dest.Dead || f == dest.Gone || time.Now().After(end) {
			t.Fatalf("note %s is not accepted: %v", n.ID, err)
		}
	}
}

// seen waits until the far side has n notes, and gives them.
func seen(t *testing.T, far Far, n int) []Arrived {
	t.Helper()
	got := far.Got()
	for end := time.Now().Add(patience); len(got) < n && time.Now().Before(end); got = far.Got() {
		time.Sleep(10 * time.Millisecond)
	}
	if len(got) != n {
		t.Fatalf("%d notes have arrived, not %d: %.2000q", len(got), n, got)
	}
	return got
}

// arrives: what is accepted is there, in order, with what it says.
func arrives(t *testing.T, far Far) {
	d := open(t, far)
	for i := range 5 {
		n := Note(fmt.Sprintf("a-%d", i), far.To(0), fmt.Sprintf("mark%dx", i))
		if err := send(t, d, n); err != nil {
			t.Fatal(err)
		}
	}
	for i, a := range seen(t, far, 5) {
		if a.To != far.To(0) || !strings.Contains(a.Text, fmt.Sprintf("mark%dx", i)) || !strings.Contains(a.Text, "hello") {
			t.Errorf("note %d arrived as %+v", i, a)
		}
	}
}

// parallel: as many at once as it says that it can.
func parallel(t *testing.T, far Far) {
	d := open(t, far)
	var wg sync.WaitGroup
	lanes := max(d.Traits().Parallel, 1)
	for lane := range lanes {
		wg.Go(func() {
			for i := range 3 {
				if err := send(t, d, Note(fmt.Sprintf("p-%d-%d", lane, i), far.To(lane), fmt.Sprintf("mark%d-%dx", lane, i))); err != nil {
					t.Errorf("lane %d: %v", lane, err)
				}
			}
		})
	}
	wg.Wait()
	got := seen(t, far, 3*lanes)
	for lane := range lanes {
		at := -1
		for i := range 3 {
			now := slices.IndexFunc(got, func(a Arrived) bool {
				return a.To == far.To(lane) && strings.Contains(a.Text, fmt.Sprintf("mark%d-%dx", lane, i))
			})
			if now <= at {
				t.Errorf("note %d of %s stands at %d, after the next at %d", i, far.To(lane), now, at)
			}
			at = now
		}
	}
}

// away: a far side that is not there is an error that passes, and nobody's fault.
func away(t *testing.T, far Far) {
	if far.Stop == nil {
		return
	}
	d := open(t, far)
	sent(t, d, Note("w-0", far.To(0), "first"))
	seen(t, far, 1)
	far.Stop()
	err := send(t, d, Note("w-1", far.To(0), "second"))
	if err == nil {
		t.Fatal("a far side that is away accepts a note")
	}
	if f := dest.FateOf(err); f.Fate != dest.Retry && !(far.Alone && f.Fate == dest.RetryOne) {
		t.Errorf("the far side is away, and the fate is %d: %v", f.Fate, err)
	}
	far.Start()
	sent(t, d, Note("w-1", far.To(0), "second"))
	if got := seen(t, far, 2); !strings.Contains(got[1].Text, "second") {
		t.Errorf("after it came back: %+v", got[1])
	}
}

// stalled: a far side that answers nothing holds nobody longer than ctx.
func stalled(t *testing.T, far Far) {
	if far.Stall == nil {
		return
	}
	d := open(t, far)
	goOn := sync.OnceFunc(far.Stall())
	defer goOn()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- d.Send(ctx, Note("s-0", far.To(0), "stalled")) }()
	select {
	case err := <-done:
		if err == nil {
			t.Error("a far side that answers nothing has accepted a note")
		} else if f := dest.FateOf(err).Fate; f == dest.Dead || f == dest.Gone {
			t.Errorf("a far side that answers nothing is taken for a refusal: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the far side answers nothing, and the context's end ends nothing")
	}
	goOn()
	sent(t, d, Note("s-1", far.To(1), "goes on"))
}

// refused: what is refused for good is not tried again.
func refused(t *testing.T, far Far) {
	if far.Refuse == nil {
		return
	}
	d := open(t, far)
	far.Refuse(far.To(0))
	err := send(t, d, Note("r-0", far.To(0), "refused"))
	if f := dest.FateOf(err).Fate; err == nil || f != dest.Dead && f != dest.Gone {
		t.Errorf("an address is refused for good, and the fate is %d: %v", f, err)
	}
	sent(t, d, Note("r-1", far.To(1), "others"))
	if got := seen(t, far, 1); got[0].To != far.To(1) {
		t.Errorf("the other address: %+v", got)
	}
}

// twice: a note that comes again is seen once, if the destination says so.
func twice(t *testing.T, far Far) {
	d := open(t, far)
	want := 2
	if d.Traits().Idempotent {
		want = 1
	}
	for range 2 {
		if err := send(t, d, Note("t-0", far.To(0), "once")); err != nil {
			t.Fatal(err)
		}
	}
	sent(t, d, Note("t-1", far.To(0), "behind it"))
	if got := seen(t, far, want+1); !strings.Contains(got[want].Text, "behind it") {
		t.Errorf("what came behind it: %+v", got)
	}
}

// Hostile are texts that strangers write: a destination gets them fit to be shown, but
// may itself make protocol of them.
var Hostile = []string{
	"a\r\nBcc: mallory@example.org", "\r\n.\r\nMAIL FROM:<mallory@example.org>", "x\nQUIT\nPRIVMSG #other :mine", "\x01ACTION owns\x01", "</p><script>alert(1)</script>",
	"\u202egnp.exe", strings.Repeat("long ", 2000), "=?utf-8?q?=0d=0aX-Evil:_yes?=", `","topic":"other","x":"`, "ends in a half \xe2\x82", "@everyone @room <@1>", "\x00",
}

// hostile: whatever the text, exactly one note arrives at the address and none elsewhere.
func hostile(t *testing.T, far Far) {
	d := open(t, far)
	for i, text := range Hostile {
		n := Note(fmt.Sprintf("h-%d", i), far.To(0), fmt.Sprintf("mark%dx", i))
		n.Subject += " " + text
		n.Text += text + "\n"
		n.Messages[0].Title += " " + text
		n.Messages[0].Package = "pkg" + text
		n.Rule += text
		if err := send(t, d, n); err != nil {
			if f := dest.FateOf(err).Fate; f != dest.Dead {
				t.Errorf("%.60q: neither accepted nor refused for good: %v", text, err)
			}
		}
	}
	sent(t, d, Note("h-last", far.To(0), "lastx"))
	got := far.Got()
	for end := time.Now().Add(patience); time.Now().Before(end) && (len(got) == 0 || !strings.Contains(got[len(got)-1].Text, "lastx")); got = far.Got() {
		time.Sleep(10 * time.Millisecond)
	}
	for i := range Hostile {
		mark, n := fmt.Sprintf("mark%dx", i), 0
		for _, a := range got {
			if strings.Contains(a.Text, mark) {
				n++
			}
		}
		if n > 1 {
			t.Errorf("%.60q became %d notes", Hostile[i], n)
		}
	}
	for _, a := range got {
		if a.To != far.To(0) {
			t.Errorf("a note reached %q: %.300q", a.To, a.Text)
		}
	}
	if len(got) > len(Hostile)+1 {
		t.Errorf("%d notes were sent, %d arrived: %.3000q", len(Hostile)+1, len(got), got)
	}
}

// addresses: what is none is refused before anything is sent.
func addresses(t *testing.T, far Far) {
	d := open(t, far)
	for i := range 3 {
		if err := d.Check(far.To(i)); err != nil {
			t.Errorf("address %q: %v", far.To(i), err)
		}
	}
	wrong := append([]string{"a b\r\nc", "\x00", strings.Repeat("x", 5000)}, far.Wrong...)
	for _, to := range wrong {
		if d.Check(to) == nil {
			t.Errorf("%.60q is taken for an address", to)
		}
	}
}

// ends: nothing that it began is left, and it sends nothing after its end.
func ends(t *testing.T, far Far) {
	before := runtime.NumGoroutine()
	for i := range 3 {
		d := far.Open(t)
		sent(t, d, Note(fmt.Sprintf("e-%d", i), far.To(0), "ends"))
		if err := d.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
		if send(t, d, Note(fmt.Sprintf("after-%d", i), far.To(0), "after its end")) == nil {
			t.Error("it sends after its end")
		}
	}
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before+2+3*far.Leaks; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines ran before, now %d:\n%s", before, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
		}
	}
}

func open(t *testing.T, far Far) dest.Destination {
	d := far.Open(t)
	t.Cleanup(func() {
		if err := d.Close(); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("closing: %v", err)
		}
	})
	return d
}
