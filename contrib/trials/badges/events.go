package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"busbar/common/archive"
	"busbar/common/event"
)

// The topics of the events.
const (
	uploaded = "dak.source.accept"
	reported = "debbugs.bug.create"
	closed   = "debbugs.bug.close"
	mailed   = "lists.mail.receive"
)

// A fact is an event of the trial.
type fact struct {
	n      int
	topic  string
	person int
	thing  int   // the package, or the bug
	at     int64 // when it happened
	again  int64 // when it happened, as another publisher says; 0: no other says it
}

var begin = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

const span = 700 * 24 * 3600

// facts are random: a few people do most, as everywhere.
func facts(r *rand.Rand, n, people int) []fact {
	list := make([]fact, n)
	who := rand.NewZipf(r, 1.1, 20, uint64(people-1))
	for i := range list {
		f := fact{n: i, topic: []string{uploaded, reported, closed, closed, mailed}[r.IntN(5)], person: int(who.Uint64()), at: begin + r.Int64N(span)}
		f.thing = 1 + r.IntN(n/3+1)
		if f.topic == uploaded {
			f.thing = 1 + r.IntN(n/50+1)
		}
		if r.IntN(10) == 0 {
			f.again = f.at - r.Int64N(2*24*3600)
		}
		list[i] = f
	}
	return list
}

func id(n int) string { return event.FormatID(time.Unix(begin, 0), event.UUID("trial", fmt.Sprint(n))) }

func (f fact) address() string { return fmt.Sprintf("p%d@example.org", f.person) }

// A saying is a fact as a publisher says it.
type saying struct {
	*fact
	at int64
}

// fill makes an archive in which publishers say the facts in an order.
func fill(ctx context.Context, path string, list []saying) (err error) {
	a, err := archive.Open(ctx, archive.Options{Path: path})
	if err != nil {
		return err
	}
	var batch archive.Batch
	seqs := map[string]int64{}
	for i, s := range list {
		publisher := []string{"one", "two", "three"}[(s.n+int(s.at))%3]
		seqs[publisher]++
		person := map[string]any{"name": fmt.Sprint("Person ", s.person), "email": s.address()}
		body := map[string]any{"person": person, "package": fmt.Sprint("pkg", s.thing), "title": "something happened"}
		if s.topic != uploaded {
			body["bug"], body["package"] = event.Int(fmt.Sprint(s.thing)), "pkg"
		}
		e := event.Envelope{
			Topic: "org.debian.dev." + s.topic, MsgID: id(s.n), Timestamp: begin + 2*span, EventTime: event.Stamp(time.Unix(s.at, 0)),
			I: seqs[publisher], Seq: seqs[publisher], Publisher: publisher, Epoch: "e", Username: "trial", Msg: body,
		}
		wire, err := event.Canonical(e.Tree())
		if err != nil {
			return err
		}
		in, err := archive.Read(wire)
		if err != nil {
			return err
		}
		batch.Messages = append(batch.Messages, in)
		if len(batch.Messages) == 4000 || i == len(list)-1 {
			if _, err := a.Append(ctx, batch); err != nil {
				return err
			}
			batch.Messages = nil
		}
	}
	return a.Close()
}

// sayings are all that publishers say, in the order of times, or in disorder.
func sayings(list []fact, shuffle *rand.Rand) []saying {
	var all []saying
	for i := range list {
		all = append(all, saying{&list[i], list[i].at})
	}
	slices.SortFunc(all, func(a, b saying) int { return int(a.at - b.at) })
	for i := range list {
		if list[i].again != 0 {
			all = append(all, saying{&list[i], list[i].again})
		}
	}
	if shuffle != nil {
		shuffle.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	return all
}
