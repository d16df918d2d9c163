package sweep

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"busbar/adapters/debbugs"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/fixtures/bugtracker"
)

// following is a place whose sweep follows what mails said on the bus: every mail
// that the tracker sends is kept until it is brought there.
func following(t *testing.T) (p *place, bring func(s *Sweep)) {
	t.Helper()
	p = newPlace(t, 3)
	var mails [][]byte
	p.tracker = bugtracker.New(bugtracker.Options{First: 700001, Clock: func() time.Time { return p.now }, Mailed: func(m []byte) { mails = append(mails, m) }})
	p.server.Config.Handler = p.tracker.Handler()
	for range 3 {
		p.report()
	}
	p.pass(3 * time.Hour)
	mails = nil
	p.o.Patience = 10 * time.Minute
	if got := p.published(); len(got) > 0 {
		t.Fatalf("the baseline publishes %q", got)
	}
	return p, func(s *Sweep) {
		t.Helper()
		for _, raw := range mails {
			o, err := translate.Run([]translate.Translator[*mail.Message]{debbugs.Translator()}, translate.Item[*mail.Message]{Value: mail.Parse(raw, mail.Limits{})})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range o.Events {
				body, err := event.CanonicalOf(e.Body)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Say(context.Background(), e.UUID(), e.Kind.Topic, body); err != nil {
					t.Fatal(err)
				}
			}
		}
		mails = nil
	}
}

// round makes a round and says which events come of it.
func (p *place) round(s *Sweep) (topics []string) {
	p.t.Helper()
	list, err := p.events(s)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range list {
		if e.Kind.Family == "" {
			topics = append(topics, e.Kind.Topic)
		}
	}
	slices.Sort(topics)
	return topics
}

// events reads a sweep to its end, stores what its items become, and gives what was
// published of it.
func (p *place) events(s *Sweep) (all []event.Event, err error) {
	ctx := context.Background()
	table := []translate.Translator[any]{translate.Of(debbugs.ChangeTranslator()), translate.Of(debbugs.UsertagTranslator())}
	for {
		it, position, done, err := s.Next(ctx)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		o, err := translate.Run(table, it)
		if err != nil || o.Poison != "" {
			p.t.Fatalf("translating: %v %s", err, o.Poison)
		}
		r := journal.Record{Origin: it.Origin, Events: o.Events, Skip: o.Skip, States: it.States}
		if position != nil {
			r.Source, r.Position = p.o.Source, position
		}
		last, err := p.journal.Reader().LastSeq(ctx)
		if err == nil {
			_, err = p.journal.Append(ctx, r)
		}
		if done(err); err != nil {
			return all, err
		}
		messages, err := p.journal.Reader().After(ctx, last, 1000)
		if err != nil {
			return all, err
		}
		for _, m := range messages {
			id, err := event.IDUUID(m.ID)
			if err != nil {
				return all, err
			}
			for _, e := range o.Events {
				if e.UUID() == id && e.Kind.Family == "" {
					all = append(all, e)
				}
			}
		}
	}
}

// What mail said is not told; what it withheld is, once it had its time.
func TestSaidByMail(t *testing.T) {
	p, bring := following(t)
	say := func(command string) { p.tracker.Control(p.letter(), command) }

	say("severity 700001 grave")
	s := p.sweep()
	bring(s)
	if got := p.round(s); got != nil {
		t.Errorf("mail said it, and at once SOAP tells %q", got)
	}
	p.pass(11 * time.Minute)
	if got := p.round(p.sweep()); got != nil {
		t.Errorf("mail said it, and later SOAP tells %q", got)
	}

	say("severity 700001 minor") // no mail of it comes
	p.tracker.Mail(700002, "", p.letter())
	s = p.sweep()
	if got := p.round(s); got != nil {
		t.Errorf("mail has ten minutes, and SOAP tells %q", got)
	}
	p.pass(11 * time.Minute)
	if got, want := p.round(p.sweep()), []string{"debbugs.bug.comment", "debbugs.bug.severity.update"}; !slices.Equal(got, want) {
		t.Errorf("no mail came, and SOAP tells %q, want %q", got, want)
	}
	s = p.sweep()
	bring(s) // they were late
	p.pass(11 * time.Minute)
	if got := p.round(p.sweep()); got != nil {
		t.Errorf("mail came late, and SOAP tells %q", got)
	}
}

// What a mail says wrongly, or of what was undone since, is put right.
func TestSaidWrongly(t *testing.T) {
	p, _ := following(t)
	s := p.sweep()
	body := []byte(`{"bug":700003,"severity":"critical","previous":"normal","packages":[],"tags":[],"person":{}}`)
	if err := s.Say(context.Background(), event.UUID("debbugs", "forged"), "debbugs.bug.severity.update", body); err != nil {
		t.Fatal(err)
	}
	if got := p.round(s); got != nil {
		t.Errorf("at once SOAP tells %q", got)
	}
	p.pass(11 * time.Minute)
	list, err := p.events(p.sweep())
	if err != nil || len(list) != 1 {
		t.Fatalf("SOAP tells %d facts, %v", len(list), err)
	}
	if b, ok := list[0].Body.(debbugs.SeverityUpdated); !ok || b.Severity != "normal" || b.Previous != "critical" {
		t.Errorf("SOAP tells %s", list[0].Title())
	}
	p.pass(11 * time.Minute)
	if got := p.round(p.sweep()); got != nil {
		t.Errorf("it was put right, and SOAP tells %q", got)
	}
}

// A bug that the tracker archived by itself, and usertags, have no mail to wait for,
// or one that few get.
func TestSaidByNobody(t *testing.T) {
	p, _ := following(t)
	p.o.Users = []string{"qa@example.org"}
	p.tracker.Usertag("qa@example.org", "cold", []int{700001}, nil)
	if got := p.round(p.sweep()); got != nil {
		t.Errorf("the first usertags are told: %q", got)
	}
	p.tracker.Usertag("qa@example.org", "cold", []int{700002}, nil)
	p.tracker.Usertag("qa@example.org", "warm", []int{700003}, nil)
	s := p.sweep()
	for _, tag := range []string{`{"user":"qa@example.org","tag":"warm","added":[700003],"removed":[]}`} {
		if err := s.Say(context.Background(), event.UUID("debbugs", tag), "debbugs.usertag.update", []byte(tag)); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.round(s); got != nil {
		t.Errorf("a usertag has time, and SOAP tells %q", got)
	}
	s.begun = time.Time{}
	p.pass(11 * time.Minute)
	list, err := p.events(s)
	if err != nil || len(list) != 1 || list[0].Body.(debbugs.UsertagUpdated).Tag != "cold" {
		t.Errorf("SOAP tells %v, %v; want the tag that nobody told", list, err)
	}
}

// TestFirstWhatWasSaid: what was said while this program was away is known before the
// tracker is asked, also where mail's time is over: so it is not told again.
func TestFirstWhatWasSaid(t *testing.T) {
	p, bring := following(t)
	p.command("severity 700001 grave")
	p.pass(time.Hour)
	received, asked := make(chan struct{}), make(chan struct{}, 100)
	p.o.Received = received
	s := p.sweep()
	said := make(chan struct{})
	p.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.Body = io.NopCloser(bytes.NewReader(body)); bytes.Contains(body, []byte("get_status")) {
			asked <- struct{}{}
			<-said
		}
		p.tracker.Handler().ServeHTTP(w, r)
	})
	go func() {
		select {
		case <-asked: // it did not wait, and will not know
		case <-time.After(200 * time.Millisecond):
			bring(s)
		}
		close(said)
		close(received)
	}()
	if got := p.round(s); len(got) > 0 {
		t.Errorf("told twice: %q", got)
	}
	p.command("severity 700002 grave") // and what nobody said is told
	p.pass(time.Hour)
	p.want(p.round(p.sweep()), "debbugs.bug.severity.update")
}
