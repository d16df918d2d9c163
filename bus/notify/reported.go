package notify

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"busbar/bus/config"
	"busbar/bus/notify/outbox"
	"busbar/bus/notify/rule"
	"busbar/common/archive"
	"busbar/common/event"
)

// maxReported bounds how many events are read of what one person reported.
const maxReported = 50_000

// reportedBy finds in an archive the bugs that are an address's: that it reported, or was
// given, and that nobody else was given since.
func reportedBy(ctx context.Context, r *archive.Reader, prefix, address string) (map[string]string, error) {
	q := archive.Query{Prefix: prefix, Limit: 1000, Conditions: []archive.Condition{
		{Kind: archive.Topic, Match: archive.Under, Values: []string{"debbugs.bug.create", "debbugs.bug.submitter.update"}},
		{Kind: archive.Person, Match: archive.Named, Values: []string{address}},
	}}
	last := map[string]string{}
	for seen := 0; seen < maxReported; {
		page, err := r.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, m := range page.Messages {
			seen++
			_, e, err := event.ParseMessage(m.Wire)
			if err != nil {
				continue
			}
			ev := rule.NewEvent(prefix, e, nil)
			if who := ev.Reporter(); who != "" && len(ev.Bugs) > 0 {
				last[ev.Bugs[0]] = who
			}
		}
		if page.Next == 0 {
			break
		}
		q.After = page.Next
	}
	for bug, who := range last {
		if who != address {
			delete(last, bug)
		}
	}
	return last, nil
}

// archiveOf is the hub's archive on this machine; empty: there is none.
func archiveOf(cfg config.Config) string {
	hub := cfg.Hub
	if err := hub.Complete(); err != nil {
		return ""
	}
	if _, err := os.Stat(hub.Archive); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return hub.Archive
}

// learnAgain is how long to wait after the archive could not be read.
const learnAgain = time.Minute

// learn looks up in the archive what the bus said before this ran: which bugs people
// reported who have rules about them. Each address is looked up once.
func (d *daemon) learn(ctx context.Context, cfg config.Config) error {
	known := map[string]bool{}
	for {
		err := d.learnOnce(ctx, archiveOf(cfg), cfg.Bus.Prefix, known)
		if err != nil && ctx.Err() == nil {
			d.log.Warn("who reported which bug cannot be read from the archive; trying again", "error", err)
		}
		var again <-chan time.Time
		if err != nil {
			again = time.After(learnAgain)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.asked:
		case <-again:
		}
	}
}

func (d *daemon) learnOnce(ctx context.Context, file, prefix string, known map[string]bool) error {
	var addresses []string
	for _, p := range d.people.everybody() {
		for _, r := range p.Rules {
			if !r.OfReports() {
				continue
			}
			for _, a := range p.Addresses {
				if !known[a] {
					addresses = append(addresses, a)
				}
			}
			break
		}
	}
	if file == "" || len(addresses) == 0 {
		return nil
	}
	reader, err := archive.OpenReader(ctx, file)
	if err != nil {
		return err
	}
	defer reader.Close()
	found := 0
	for _, a := range addresses {
		bugs, err := reportedBy(ctx, reader, prefix, a)
		if err != nil && !errors.Is(err, archive.ErrQuery) { // who has more names than can be asked for has no past
			return err
		}
		if fresh := d.engine.reports.LearnPast(bugs); len(fresh) > 0 {
			if err := d.out.Write(ctx, outbox.Batch{Reports: fresh}, nil); err != nil {
				return err
			}
			found += len(fresh)
		}
		known[a] = true
	}
	d.log.Info("looked up who reported which bug", "addresses", len(addresses), "bugs", found)
	return nil
}

// lookUp has learn look whether there are other people or rules.
func (d *daemon) lookUp() {
	select {
	case d.asked <- struct{}{}:
	default:
	}
}
