package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"busbar/contrib/trials/trial"
)

// actReplay has a long journal said again, as it comes and verified.
func actReplay(ctx context.Context, o options, at *trial.Site) (string, error) {
	s, err := newSite(at, o, true)
	if err != nil {
		return "", err
	}
	if err := s.feeder("feed", 1e6, o.beat); err != nil {
		return "", err
	}
	p := s.publishers[0]
	for n := 0; n < o.many; { // a part is one transaction
		n = min(n+5000, o.many)
		if err := p.source.want(n); err != nil {
			return "", err
		}
		if !p.Running() {
			if err := p.start(); err != nil {
				return "", err
			}
		}
		if err := s.await(ctx, "the journal to be written", patience, func() (bool, error) {
			stored, err := trial.Stored(ctx, p.journal)
			return stored >= int64(n), err
		}); err != nil {
			return "", err
		}
	}
	if err := p.Stop(); err != nil { // what it needed to write is not what it needs to say it again
		return "", err
	}
	if err := p.start(); err != nil {
		return "", err
	}
	if err := trial.AwaitListener(ctx, p.address); err != nil {
		return "", err
	}
	if err := rests(ctx, p.PID()); err != nil { // it reads its journal at the start
		return "", err
	}
	if err := s.Configure("fetch", "[bus]\nsubscribe = [%q]\n[sign]\nca = %q\ncrl = %q\n", "tcp://"+p.address, s.Path("keys/ca.crt"), s.Path("keys/crl.pem")); err != nil {
		return "", err
	}
	out := s.Path("fetched.json")
	who, err := s.Named("fetch", "part", "fetch", "--out", out)
	if err != nil {
		return "", err
	}
	used := trial.CPU(p.PID())
	if err := who.Start(); err != nil {
		return "", err
	}
	var report struct {
		Messages, Bytes int
		Plain           float64 `json:"plain_s"`
		Verified        float64 `json:"verified_s"`
		Alone           float64 `json:"alone_s"`
	}
	server, client := 0.0, 0.0
	if err := s.await(ctx, "the replay", patience, func() (bool, error) {
		for pid, most := range map[int]*float64{p.PID(): &server, who.PID(): &client} {
			if now, err := trial.Resident(pid); err == nil { // else it has ended
				*most = max(*most, now)
			}
		}
		return read(out, &report)
	}); err != nil {
		return "", err
	}
	rate := func(seconds float64) float64 { return float64(report.Messages) / seconds }
	text := fmt.Sprintf("%d messages of %d bytes said again: %.0f/s as they come; verified in order %.0f/s, which is %.2f of verifying alone (%.0f/s); the publisher's memory at most %.1f MiB, the client's %.1f MiB; the publisher's processor time %.1f µs a message",
		report.Messages, report.Bytes/max(report.Messages, 1), rate(report.Plain), rate(report.Verified), report.Alone/report.Verified, rate(report.Alone),
		server, client, (trial.CPU(p.PID())-used).Seconds()*1e6/float64(2*report.Messages))
	return text, trial.Verdict([]trial.Count{{N: o.many - report.Messages, What: "messages not said again"}})
}

// rests waits until a process uses next to nothing of the processor.
func rests(ctx context.Context, pid int) error {
	return trial.Await(ctx, "a process to rest", patience, func() (bool, error) {
		used := trial.CPU(pid)
		err := trial.Pause(ctx, time.Second)
		return trial.CPU(pid)-used <= 20*time.Millisecond, err
	})
}

// read reads a report, if it is there.
func read(path string, into any) (bool, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && !json.Valid(text) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal(text, into)
}

// A load is what a daemon needs for a while.
type load struct {
	memory float64 // at most, MiB
	share  float64 // of one processor
}

func (l load) String() string {
	return fmt.Sprintf("%.1f MiB, %.1f %% of a processor", l.memory, 100*l.share)
}

func loadOf(ctx context.Context, pid int, while time.Duration) (load, error) {
	used, began := trial.CPU(pid), time.Now()
	most, err := peak(ctx, pid, while)
	return load{most, (trial.CPU(pid) - used).Seconds() / time.Since(began).Seconds()}, err
}

// hubWith starts publishers that share a rate, and a hub that follows them.
func (s *site) hubWith(ctx context.Context, o options, publishers int, rate float64, more string) (*hub, error) {
	for i := range publishers {
		if err := s.feeder(fmt.Sprint("feed.", i), rate/float64(publishers), o.beat); err != nil {
			return nil, err
		}
		if err := s.publishers[i].source.want(0); err != nil {
			return nil, err
		}
	}
	h, err := s.hubAs("hub", more)
	if err != nil {
		return nil, err
	}
	if err := s.start(); err != nil {
		return nil, err
	}
	return h, trial.AwaitListener(ctx, h.address)
}

// actHub measures a hub that has nothing to do, and one that has.
func actHub(ctx context.Context, o options, at *trial.Site) (string, error) {
	s, err := newSite(at, o, true)
	if err != nil {
		return "", err
	}
	const publishers, rate = 10, 100
	h, err := s.hubWith(ctx, o, publishers, rate, "")
	if err != nil {
		return "", err
	}
	if err := trial.Pause(ctx, 2*o.beat); err != nil { // its start is not its idleness
		return "", err
	}
	idle, err := loadOf(ctx, h.PID(), o.alone)
	if err != nil {
		return "", err
	}
	for _, p := range s.publishers {
		if err := p.source.want(1 << 30); err != nil {
			return "", err
		}
	}
	busy, err := loadOf(ctx, h.PID(), o.alone)
	if err != nil {
		return "", err
	}
	said := int64(0)
	for _, p := range s.publishers {
		n, err := trial.Stored(ctx, p.journal)
		if err != nil {
			return "", err
		}
		said += n
	}
	if err := h.Stop(); err != nil { // so that its log is in its file
		return "", err
	}
	info, err := os.Stat(filepath.Join(s.Dir, h.name+".archive.db"))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("an idle hub of %d publishers: %s; at %d messages a second of all of them: %s; the archive has %d bytes for each of %d messages",
		publishers, idle, rate, busy, info.Size()/max(said, 1), said), nil
}

// actCrowd has many listen to a hub's /events, and some not read.
func actCrowd(ctx context.Context, o options, at *trial.Site) (string, error) {
	s, err := newSite(at, o, true)
	if err != nil {
		return "", err
	}
	const rate = 100
	places := o.clients + o.stalled
	h, err := s.hubWith(ctx, o, 1, rate, fmt.Sprintf("clients = %d\nclients_per_peer = %d\n", places, places))
	if err != nil {
		return "", err
	}
	if err := s.Configure("crowd", "[sign]\nbackend = \"none\"\n"); err != nil {
		return "", err
	}
	out := s.Path("crowd.json")
	crowd, err := s.Named("crowd", "part", "crowd", "--out", out, "--hub", "http://"+h.address, "--clients", fmt.Sprint(o.clients), "--stalled", fmt.Sprint(o.stalled))
	if err != nil {
		return "", err
	}
	if err := crowd.Start(); err != nil {
		return "", err
	}
	var report struct {
		Events, Cut, Wrong int
		P50                int64 `json:"p50_us"`
		P99                int64 `json:"p99_us"`
		Most               int64 `json:"most_us"`
	}
	if err := s.await(ctx, "all to listen", patience, func() (bool, error) { return read(out, &report) }); err != nil {
		return "", err
	}
	if err := s.publishers[0].source.want(1 << 30); err != nil {
		return "", err
	}
	busy, err := loadOf(ctx, h.PID(), o.alone)
	if err != nil {
		return "", err
	}
	if err := crowd.Stop(); err != nil {
		return "", err
	}
	if _, err := read(out, &report); err != nil {
		return "", err
	}
	ms := func(us int64) float64 { return float64(us) / 1000 }
	text := fmt.Sprintf("%d listeners, and %d that do not read, at %d messages a second: %d events came; p50 %.1f ms, p99 %.1f ms, longest %.1f ms, from when it was said until it was read; the hub: %s; listeners cut %d, events out of their order %d",
		o.clients, o.stalled, rate, report.Events, ms(report.P50), ms(report.P99), ms(report.Most), busy, report.Cut, report.Wrong)
	return text, trial.Verdict([]trial.Count{{N: report.Wrong, What: "events out of their order, or missing"}, {N: report.Cut, What: "listeners that read, and were cut"}})
}
