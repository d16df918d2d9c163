package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/wire"
	"busbar/fixtures/bugtracker"
)

// actBoth has bugs told by mail2bus and by soapbus, both followed by one
// subscriber; every second mail never arrives.
func actBoth(ctx context.Context, o options, s *site) (text string, err error) {
	var mu sync.Mutex
	mails, withheld := 0, 0
	spool := s.path("spool")
	s.tracker = bugtracker.New(bugtracker.Options{First: 700001, Seed: o.seed, Mailed: func(mail []byte) {
		mu.Lock()
		defer mu.Unlock()
		if mails++; mails%2 == 0 {
			withheld++
			return
		}
		deliver := exec.CommandContext(ctx, filepath.Join(s.bin, "mail2bus"), "deliver", "--spool", spool)
		deliver.Stdin = strings.NewReader(string(mail))
		if out, derr := deliver.CombinedOutput(); derr != nil {
			err = errors.Join(err, fmt.Errorf("delivering a mail: %w: %s", derr, out))
		}
	}})
	w := newWorld(s.tracker, o.seed)
	w.report() // so that there is a beginning
	if err := s.serve(); err != nil {
		return "", err
	}
	ports, err := freePorts(2)
	if err != nil {
		return "", err
	}
	if err := s.configure(fmt.Sprintf("publish = [%q]\nheartbeat = \"1s\"", ports[0])); err != nil {
		return "", err
	}
	mailConfig := fmt.Sprintf("[bus]\nname = \"mail2bus.torture\"\njournal = %q\npublish = [%q]\nheartbeat = \"1s\"\n[sign]\nbackend = \"none\"\n[mail]\nspool = %q\n",
		s.path("mail.db"), ports[1], spool)
	if err := os.WriteFile(s.path("mail2bus.toml"), []byte(mailConfig), 0o600); err != nil {
		return "", err
	}
	b := openBooks(s.tracker)
	if err := s.poll(ctx); err != nil {
		return "", err
	}
	mail := exec.Command(filepath.Join(s.bin, "mail2bus"), "run", "--config", s.path("mail2bus.toml"))
	mail.Stderr = s.log
	if err := mail.Start(); err != nil {
		return "", err
	}
	defer func() {
		mail.Process.Signal(syscall.SIGTERM)
		mail.Wait()
	}()
	if err := s.daemon.Start(); err != nil {
		return "", err
	}
	sub, err := subscribe(ctx, ports)
	if err != nil {
		return "", err
	}
	for range o.both {
		bug := w.report()
		for range w.rng.IntN(3) {
			w.change(bug)
		}
	}
	if err != nil {
		return "", err
	}
	if err := sub.quiet(ctx, 6*time.Second); err != nil {
		return "", err
	}
	sums, serr := sub.compare(ctx, s.path("mail.db"), s.path("journal.db"))
	text, cerr := s.close(ctx, w, b, fmt.Sprintf("%d mails, %d of them withheld; ", mails, withheld))
	return text + "; " + sums.String(), errors.Join(cerr, serr, sums.verdict())
}

// freePorts are endpoints of this machine that nobody uses now.
func freePorts(n int) (list []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		defer l.Close()
		list = append(list, "tcp://"+l.Addr().String())
	}
	return list, nil
}

// A subscriber follows both publishers.
type subscriber struct {
	f *wire.Follower

	mu   sync.Mutex
	seen map[string]int // by id: how often it was shown
	last time.Time      // when something came
	err  error
}

func subscribe(ctx context.Context, endpoints []string) (*subscriber, error) {
	f, err := wire.Follow(ctx, wire.FollowOptions{Endpoints: endpoints})
	if err != nil {
		return nil, err
	}
	s := &subscriber{f: f, seen: map[string]int{}, last: time.Now()}
	heard := map[string]bool{}
	for len(heard) < len(endpoints) {
		m, err := f.Next(ctx)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if m.Heartbeat {
			heard[m.Envelope.Publisher] = true
		}
	}
	go s.read(ctx)
	return s, nil
}

func (s *subscriber) read(ctx context.Context) {
	for {
		m, err := s.f.Next(ctx)
		s.mu.Lock()
		switch {
		case err != nil:
			s.mu.Unlock()
			return
		case m.Err != nil:
			s.err = m.Err
		case !m.Heartbeat && !m.Duplicate:
			s.seen[m.Envelope.MsgID[5:]]++
			s.last = time.Now()
		case !m.Heartbeat:
			s.last = time.Now()
		}
		s.mu.Unlock()
	}
}

// quiet waits until nothing but heartbeats has come for a while, and ends.
func (s *subscriber) quiet(ctx context.Context, while time.Duration) error {
	for {
		s.mu.Lock()
		left, err := while-time.Since(s.last), s.err
		s.mu.Unlock()
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err(), s.f.Close())
		}
		if left <= 0 {
			return s.f.Close()
		}
		time.Sleep(left)
	}
}

// sums compare what two adapters told with what a subscriber saw.
type sums struct {
	mail, soap, shared, seen, missed, twice, repaired, unmarked int

	where []string // some that were missed
}

func (s sums) String() string {
	return fmt.Sprintf("by mail %d facts, by SOAP %d, %d of them the same; the subscriber saw %d, missed %d, saw twice %d; only SOAP told %d messages, not marked recovered %d",
		s.mail, s.soap, s.shared, s.seen, s.missed, s.twice, s.repaired, s.unmarked)
}

func (s sums) verdict() error {
	if s.missed+s.twice+s.unmarked > 0 || s.shared == 0 || s.repaired == 0 {
		return &brokenPromise{s.String() + ": " + strings.Join(s.where[:min(len(s.where), 5)], "; ")}
	}
	return nil
}

func (sub *subscriber) compare(ctx context.Context, mailPath, soapPath string) (s sums, err error) {
	mail, err := facts(ctx, mailPath)
	if err != nil {
		return s, err
	}
	soap, err := facts(ctx, soapPath)
	if err != nil {
		return s, err
	}
	s.mail, s.soap, s.seen = len(mail), len(soap), len(sub.seen)
	for id, e := range soap {
		_, both := mail[id]
		if both {
			s.shared++
		}
		switch _, kind, _ := strings.Cut(e.Topic, ".debbugs.bug."); kind {
		case "create", "comment", "close", "forward":
			body, _ := e.Msg.(map[string]any)
			if !both && body["quiet"] != true {
				s.repaired++
				if !e.Recovered {
					s.unmarked++
				}
			}
		}
	}
	for _, list := range []map[string]event.Envelope{mail, soap} {
		for id := range list {
			if sub.seen[id] == 0 {
				s.missed++
				s.where = append(s.where, fmt.Sprintf("%s, number %d of %s", list[id].Topic, list[id].Seq, list[id].Publisher))
			}
		}
	}
	for _, n := range sub.seen {
		if n > 1 {
			s.twice++
		}
	}
	return s, nil
}

func facts(ctx context.Context, path string) (map[string]event.Envelope, error) {
	r, err := journal.OpenReader(ctx, path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	all := map[string]event.Envelope{}
	for seq := int64(0); ; {
		batch, err := r.After(ctx, seq, 1000)
		if err != nil || len(batch) == 0 {
			return all, err
		}
		for _, m := range batch {
			seq = m.Seq
			_, e, err := event.ParseMessage(m.Wire)
			if err != nil {
				return nil, err
			}
			all[m.ID[5:]] = e
		}
	}
}
