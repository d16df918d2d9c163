package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"busbar/bus/kinds"
	"busbar/bus/printer"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/replay"
	"busbar/common/show"
	"busbar/common/sign"
	"busbar/common/wire"
)

// awaitHeartbeats waits for one of each publisher.
func awaitHeartbeats(ctx context.Context, f *wire.Follower, publishers int) error {
	alive := map[string]bool{}
	for len(alive) < publishers {
		m, err := f.Next(ctx)
		if err != nil {
			return err
		}
		if m.Err == nil && m.Heartbeat {
			alive[m.Envelope.Publisher] = true
		}
	}
	return nil
}

// seen is what arrived.
type seen struct {
	topics map[string]int
	last   map[string]int64 // number, by publisher
	ended  map[string]bool  // of the queue's last events
}

// count remembers one message.
func (s seen) count(m wire.Delivery) {
	s.last[m.Envelope.Publisher] = m.Envelope.Seq
	k, ok := kinds.All().ByTopic(m.Topic)
	if !ok {
		return
	}
	s.topics[k.Topic]++
	if mark, last := storyEnds[k.Topic]; last && strings.Contains(string(m.Body), mark) {
		s.ended[k.Topic] = true
	}
}

// watch prints what arrives until all that the journals hold has come.
func (d *demo) watch(ctx context.Context, f *wire.Follower, v *sign.Verifier, fed <-chan error) (seen, error) {
	s := seen{topics: map[string]int{}, last: map[string]int64{}, ended: map[string]bool{}}
	done := sync.OnceFunc(func() { close(d.queueDone) })
	out := printer.New(d.p, printer.Flags{Color: "auto"})
	take := func(m wire.Delivery) error {
		s.count(m)
		if err := d.goes(); err != nil {
			return err
		}
		if len(s.ended) == len(storyEnds) {
			done()
		}
		origin := strings.ReplaceAll(m.Envelope.Origin, d.dir+"/", "") // people know it from the first line
		d.say("  %s", out.Sentence(m))
		d.say("      %s", out.Dim(show.Sprintf("%s, signed by %s, from %s", m.Topic, m.Verdict.Signer, origin)))
		return nil
	}
	for feeders := len(d.adapters); ; {
		m, err := f.Next(ctx)
		switch {
		case err != nil:
			return s, fmt.Errorf("following the bus: %w; nothing came of %s", err, orNone(d.missing(s)))
		case m.Err != nil:
			return s, m.Err
		case m.Gap != nil:
			missed, err := again(ctx, v, m.Endpoint, m.Gap)
			for _, one := range missed {
				err = errors.Join(err, take(one))
			}
			if err != nil {
				return s, err
			}
		}
		select {
		case err := <-fed:
			if err != nil {
				return s, fmt.Errorf("feeding the adapters: %w", err)
			}
			feeders--
		default:
		}
		if m.Heartbeat {
			if feeders == 0 && len(d.missing(s)) == 0 && d.settled(ctx, s) {
				return s, nil
			}
			continue
		}
		if err := take(m); err != nil {
			return s, err
		}
	}
}

// again asks a publisher for what it said while nobody was connected to it: one that is
// started again waits for its subscribers, and on a busy machine they come later.
func again(ctx context.Context, v *sign.Verifier, endpoint string, gap *wire.Gap) (list []wire.Delivery, err error) {
	missed := replay.Range{Publisher: gap.Publisher, Epoch: gap.Epoch, From: uint64(gap.From), To: uint64(gap.To)}
	err = (&replay.Client{}).Fetch(ctx, endpoint, missed, func(topic string, body []byte) error {
		m := wire.Delivery{Endpoint: endpoint, Topic: topic, Body: body}
		var err error
		if m.Tree, m.Envelope, err = event.ParseMessage(m.Body); err != nil {
			return err
		}
		if m.Verdict = v.Verify(m.Tree); !m.Verdict.OK {
			return errors.New("verifying a message: " + m.Verdict.Reason)
		}
		list = append(list, m)
		return nil
	})
	if err != nil {
		return list, fmt.Errorf("asking for messages %d to %d of %s, which never came: %w", gap.From, gap.To, gap.Publisher, err)
	}
	return list, nil
}

// settled says that nothing waits to be read, and that the newest messages have
// come: a mail leaves its folder only when its events are in the journal.
func (d *demo) settled(ctx context.Context, s seen) bool {
	for _, sub := range []string{"inbox", "spool"} {
		if waiting, err := os.ReadDir(d.path(sub, "new")); err != nil || len(waiting) > 0 {
			return false
		}
	}
	for _, a := range d.adapters {
		err := a.read(ctx, func(r *journal.Reader) error {
			newest, err := r.LastSeq(ctx)
			if err == nil && newest != s.last[a.publisher()] {
				err = errors.New("not all has come")
			}
			return err
		})
		if err != nil {
			return false
		}
	}
	return true
}

func (a *adapter) read(ctx context.Context, do func(*journal.Reader) error) error {
	r, err := journal.OpenReader(ctx, a.journal)
	if err != nil {
		return err
	}
	defer r.Close()
	return do(r)
}

// missing are the kinds of which nothing has come, and should.
func (d *demo) missing(s seen) []string {
	var topics []string
	for _, k := range kinds.All() {
		if s.topics[k.Topic] == 0 && d.absent[k.Topic] == "" {
			topics = append(topics, k.Topic)
		}
	}
	return topics
}

func orNone(topics []string) string {
	if len(topics) == 0 {
		return "nothing in particular"
	}
	return strings.Join(topics, ", ")
}

// summary says what was shown.
func (d *demo) summary(ctx context.Context, s seen) error {
	events, pushes := 0, 0
	for _, n := range s.topics {
		events += n
	}
	for _, r := range d.repositories {
		pushes += len(r.story)
	}
	d.say("\n%d mails, %d changes of a build queue, %d of a bug tracker and %d steps in repositories became %d events of %d of %d kinds; every signature was verified, no number was missing.",
		len(d.mails)+1, len(story())+1, len(d.tracker.acts()), pushes, events, len(s.topics), len(kinds.All()))
	reasons := map[string][]string{}
	for _, topic := range slices.Sorted(maps.Keys(d.absent)) {
		reasons[d.absent[topic]] = append(reasons[d.absent[topic]], topic)
	}
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		d.say("Not shown here, for %s: %s.", why, strings.Join(reasons[why], ", "))
	}
	for _, a := range d.adapters {
		if err := a.read(ctx, func(r *journal.Reader) error { return d.kept(ctx, a, r) }); err != nil {
			return err
		}
	}
	d.say("What to do next: docs/tutorial.md; to listen yourself: docs/howto/listen.md.")
	return nil
}

// kept is what one adapter's journal says of what was not published.
func (d *demo) kept(ctx context.Context, a *adapter, r *journal.Reader) error {
	c, err := r.Counts(ctx)
	if err != nil {
		return err
	}
	rows, err := r.Poisoned(ctx)
	if err != nil {
		return err
	}
	skipped := int64(0)
	for _, n := range c.Skipped {
		skipped += n
	}
	quiet := ""
	if skipped > 0 {
		quiet = fmt.Sprintf("; %d items skipped, counted by reason", skipped)
	}
	d.say("%s: %d messages; %d duplicates dropped%s.", a.name, c.Messages, c.Duplicates, quiet)
	for _, row := range rows {
		d.say("  Kept aside as poison, to be looked at: %s (%s).", row.Origin, row.Reason)
	}
	return nil
}
