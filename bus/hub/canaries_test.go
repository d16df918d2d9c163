package hub

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/bus/config"
	"busbar/common/archive"
	"busbar/common/canary"
	shared "busbar/common/config"
	"busbar/common/event"
	"busbar/common/program"
)

// said is a message about a canary, as its publisher says it.
func said(t testing.TB, publisher string, seq int64, c canary.Canary) archive.Incoming {
	t.Helper()
	e, err := c.Event()
	if err != nil {
		t.Fatal(err)
	}
	msg, err := event.Tree(e.Body)
	if err != nil {
		t.Fatal(err)
	}
	env := event.Envelope{
		Topic: "org.debian.dev." + e.Kind.Topic, MsgID: e.ID(time.Unix(now, 0)), Timestamp: now + seq, Username: c.Adapter,
		Publisher: publisher, Epoch: "e1", Seq: seq, I: seq, Msg: msg, Title: e.Title(),
	}
	wire, err := event.Canonical(env.Tree())
	if err != nil {
		t.Fatal(err)
	}
	in, err := archive.Read(wire)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func passOf(publisher string, number int64, seen time.Time) canary.Canary {
	return canary.Canary{What: canary.Pass, Adapter: "mail2bus", Publisher: publisher, Channel: "spool", Number: number,
		Sent: seen.Add(-3 * time.Second), Seen: seen, Interval: time.Minute.Milliseconds()}
}

// A watch is canaries with a clock that the test sets.
type watch struct {
	*canaries
	t    *testing.T
	time time.Time
	seq  int64
}

func newWatch(t *testing.T, ignore ...string) *watch {
	w := &watch{t: t, time: time.Unix(now, 0)}
	w.canaries = newCanaries("bus.test", ignore, func() time.Time { return w.time }, slog.New(slog.DiscardHandler))
	return w
}

// gets has a message come into the hub.
func (w *watch) gets(publisher string, c canary.Canary) {
	w.t.Helper()
	w.seq++
	w.note(happened(archive.Message{N: w.seq, Publisher: publisher, Wire: said(w.t, publisher, w.seq, c).Wire}))
}

func (w *watch) looks(want ...string) {
	w.t.Helper()
	var got []string
	for _, c := range w.look() {
		got = append(got, c.What+" "+c.Publisher)
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		w.t.Errorf("there is to say %q, want %q", got, want)
	}
}

func (w *watch) states(want string) {
	w.t.Helper()
	var got []string
	for _, r := range w.report() {
		got = append(got, r.Publisher+" "+r.State)
	}
	if strings.Join(got, ", ") != want {
		w.t.Errorf("the channels are %q, want %q", got, want)
	}
}

// TestCanariesStayAway: a break is said once, and its end once, unless the adapter says
// so itself.
func TestCanariesStayAway(t *testing.T) {
	w := newWatch(t, "ignored", "half spool")
	for _, publisher := range []string{"a", "b", "ignored", "half"} {
		w.gets(publisher, passOf(publisher, 7, w.time))
	}
	w.gets("liar", passOf("a", 1<<40, w.time)) // speaks for another
	w.looks()
	w.states("a passing, b passing")
	w.time = w.time.Add(2*time.Minute + time.Second)
	w.gets("b", canary.Canary{What: canary.Miss, Adapter: "mail2bus", Publisher: "b", Channel: "spool", Number: 7, Noticed: w.time, Interval: time.Minute.Milliseconds()})
	w.looks("miss a")
	w.looks()
	w.states("a overdue, b overdue")
	w.gets("a", passOf("a", 7, w.time)) // the same again
	w.states("a overdue, b overdue")
	w.gets("a", passOf("a", 8, w.time))
	w.gets("b", passOf("b", 9, w.time))
	w.looks("return a")
	w.looks()
	w.states("a passing, b passing")
	if r := w.report()[0]; r.TookMS != 3000 || *r.Ago != 0 || r.Said != nil {
		t.Errorf("the report is %+v", r)
	}
	w.gets("c", canary.Canary{What: canary.Miss, Adapter: "dbpoll", Publisher: "c", Channel: "table t", Noticed: w.time, Interval: time.Minute.Milliseconds()})
	w.states("a passing, b passing, c overdue") // none ever came there
	w.looks()
}

// TestCanariesInTheHub: what is in the archive, and what comes, is in /status.json and
// /metrics; a hub that starts again knows it.
func TestCanariesInTheHub(t *testing.T) {
	file := filepath.Join(t.TempDir(), "archive.db")
	open := func() *archive.Archive {
		a, err := archive.Open(t.Context(), archive.Options{Path: file})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := open()
	at := time.Now()
	put := func(a *archive.Archive, list ...archive.Incoming) {
		t.Helper()
		if _, err := a.Append(t.Context(), archive.Batch{Messages: list}); err != nil {
			t.Fatal(err)
		}
	}
	put(a, said(t, "a", 1, passOf("a", 7, at)), said(t, "a", 2, passOf("a", 8, at)))
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a = open()
	c := newCanaries("bus.test", nil, time.Now, slog.New(slog.DiscardHandler))
	hub := startOn(t, a, func(o *serverOptions) { o.Canaries = c })
	state := func() []canaryReport {
		t.Helper()
		_, _, body := get(t, hub.url+"/status.json")
		var r struct{ Canaries []canaryReport }
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			t.Fatal(err)
		}
		return r.Canaries
	}
	if got := state(); len(got) != 1 || got[0].Channel != "spool" || got[0].State != "passing" || got[0].IntervalMS != 60_000 {
		t.Fatalf("of the archive it knows %+v", got)
	}
	put(a, said(t, "b", 1, passOf("b", 7, at)), message(t, "b", 2))
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if got := state(); len(got) == 2 && got[1].Said != nil {
			break
		}
	}
	if got := state(); len(got) != 2 || got[0].Said != nil || got[1].Said == nil {
		t.Errorf("it knows %+v", got)
	}
	if _, _, page := get(t, hub.url+"/metrics"); !strings.Contains(page, `busbar_hub_canary_overdue{channel="spool",publisher="b"} 0`) {
		t.Error("the metrics do not have the channel")
	}
}

// TestAlarm: what the hub says itself goes by its own journal into the archive, once.
func TestAlarm(t *testing.T) {
	dir := t.TempDir()
	a, err := archive.Open(t.Context(), archive.Options{Path: filepath.Join(dir, "archive.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	cfg := config.Default()
	cfg.Bus.Name, cfg.Sign = "bus.test", shared.Sign{Backend: "none"}
	cfg.Hub.Canary = config.Canary{Alarm: true, Journal: filepath.Join(dir, "canary.db")}
	env := &program.Env{Name: "bus", Stdout: io.Discard, Stderr: io.Discard}
	m, err := openAlarm(t.Context(), env, cfg, a, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != context.Canceled {
			t.Error(err)
		}
		if err := m.close(); err != nil {
			t.Error(err)
		}
	}()
	miss := canary.Canary{What: canary.Miss, Adapter: "mail2bus", Publisher: "a", Channel: "spool", Number: 7, Noticed: time.Now(), Interval: 60_000}
	back := miss
	back.What, back.Seen = canary.Return, time.Now()
	for _, c := range []canary.Canary{miss, miss, back} {
		if err := m.say(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	var topics []string
	for end := time.Now().Add(3 * time.Minute); len(topics) < 2 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		list, err := a.After(t.Context(), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		topics = nil
		for _, one := range list {
			topics = append(topics, one.Publisher+" "+canary.Topic(happened(one).envelope.Topic))
		}
	}
	if strings.Join(topics, ", ") != "bus.test miss, bus.test return" {
		t.Errorf("the archive holds %q", topics)
	}
	cfg.Sign = shared.Sign{Backend: "x509"}
	if _, err := openAlarm(t.Context(), env, cfg, a, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "[hub.canary] alarm") {
		t.Errorf("without a key it gives %v", err)
	}
}
