package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"busbar/common/journal"
	"busbar/fixtures/bugtracker"
)

// A bugTracker is a small tracker that answers SOAP questions.
type bugTracker struct {
	*bugtracker.Tracker
	url    string
	server *http.Server
	served chan error
	n      int // letters so far

	life     int    // the bug of the package whose life is told
	lifeMail []byte // that reports it
}

const (
	lifeBug   = 990000
	firstBug  = lifeBug + 1
	doomedBug = firstBug + 4 // it goes in the story
	tagUser   = "qa@example.org"
)

// openTracker starts a tracker on a port of this machine, with a few bugs.
func (d *demo) openTracker() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	t := &bugTracker{url: "http://" + l.Addr().String() + "/cgi-bin/soap.cgi", served: make(chan error, 1)}
	t.Tracker = bugtracker.New(bugtracker.Options{First: lifeBug, Mailed: func(mail []byte) {
		if t.lifeMail == nil {
			t.lifeMail = mail
		}
	}})
	t.server = &http.Server{Handler: t.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { t.served <- t.server.Serve(l) }()
	t.reportLife()
	for _, title := range []string{"the lamp flickers", "der Kessel pfeift „zu laut“", "the spout drips", "the lid is too small", "cheap pills"} {
		t.report(title)
	}
	d.tracker, d.opened = t, append(d.opened, t)
	return nil
}

// Close ends the server.
func (t *bugTracker) Close() error {
	err := t.server.Close()
	if serr := <-t.served; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, serr)
	}
	return err
}

func (t *bugTracker) tables() string {
	return fmt.Sprintf("[soap]\nurl = %q\nfirst = %d\ninterval = \"1s\"\nfull = \"1s\"\nrate = 6000\ngrace = \"0s\"\nusers = [%q]\n", t.url, lifeBug, tagUser)
}

func (t *bugTracker) letter(subject, text string) bugtracker.Letter {
	t.n++
	return bugtracker.Letter{
		From: "Nora Ortega <nora@example.org>", Subject: subject, Body: text,
		MessageID: fmt.Sprintf("demo.%d.%d@example.org", time.Now().Unix(), t.n),
	}
}

func (t *bugTracker) report(title string) int {
	return t.Report(bugtracker.Report{Package: "busbar-kettle", Version: "1.0-1", Letter: t.letter("busbar-kettle: "+title, "It is so.\n")})
}

// An act is something that happens to the tracker's bugs.
type act struct {
	after string // the topic of what must have been published before, lest it is undone unseen
	do    func()
}

// acts are what happens, one after another.
func (t *bugTracker) acts() []act {
	one, two, three, four := firstBug, firstBug+1, firstBug+2, firstBug+3
	command := func(format string, args ...any) act {
		return act{do: func() { t.Control(t.letter("to control", ""), fmt.Sprintf(format, args...)) }}
	}
	mail := func(bug int, to string) act {
		return act{do: func() { t.Mail(bug, to, t.letter("Re: the kettle", "Thank you for the report.\n")) }}
	}
	then := func(topic string, a act) act { a.after = topic; return a }
	return []act{
		{do: func() { t.Delete(doomedBug) }},
		{do: func() { t.report("boils over") }},
		mail(one, ""), mail(two, "quiet"), mail(three, "done"), mail(two, "forwarded"),
		command("severity %d serious", one),
		command("tags %d + patch moreinfo", one),
		command("retitle %d busbar-kettle: whistles „too loudly“", two),
		command("reassign %d busbar-lamp", four),
		command("found %d 1.1-1", one),
		command("fixed %d 1.2-1", one),
		command("submitter %d Kim Lee <kim@example.org>", one),
		command("owner %d Jo Public <jo@example.org>", two),
		command("forwarded %d https://bugs.example.org/7", one),
		command("block %d by %d", two, one),
		command("affects %d + busbar-tea", one),
		command("tags %d + fixed-upstream", t.life),
		{do: func() { t.Usertag(tagUser, "breakfast", []int{one, two}, nil) }},
		command("summary %d The whistle is made of tin.", two),
		command("outlook %d A new one is ordered.", two),
		command("clone %d -1", two),
		command("close %d", four),
		{do: func() { t.Expire(four) }},
		then("debbugs.bug.close", command("reopen %d", three)),
		then("debbugs.bug.reopen", command("forcemerge %d %d", one, three)),
		then("debbugs.bug.merge", command("unmerge %d", three)),
		then("debbugs.bug.archive", command("unarchive %d", four)),
		then("debbugs.bug.unmerge", command("notforwarded %d", one)),
	}
}

// changeBugs plays the acts. Soapbus asks once a second, and sees what lies between
// two of its questions as one change.
func (d *demo) changeBugs(ctx context.Context) error {
	for _, act := range d.tracker.acts() {
		for act.after != "" && !d.hasPublished(ctx, act.after) {
			if err := pause(ctx, 100*time.Millisecond); err != nil {
				return fmt.Errorf("waiting for soapbus to tell of %s: %w", act.after, err)
			}
		}
		act.do()
		if err := pause(ctx, d.pace); err != nil {
			return err
		}
	}
	return nil
}

// hasPublished says whether soapbus has published an event of a topic.
func (d *demo) hasPublished(ctx context.Context, topic string) (yes bool) {
	err := d.adapter("soapbus").read(ctx, func(r *journal.Reader) error {
		c, err := r.Counts(ctx)
		yes = err == nil && c.Topics["org.debian.dev."+topic] > 0
		return err
	})
	return err == nil && yes
}
