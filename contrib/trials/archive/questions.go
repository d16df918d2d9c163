package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"busbar/common/archive"
	"busbar/contrib/trials/trial"
)

// A draw is what one question is about, drawn as messages speak of it: a busy package
// is asked for more often than others.
type draw struct {
	r                 *rand.Rand
	pack, person      string
	word, other, rare string
	bug               int64
	architecture      string
	day               time.Time
}

func (s *speaker) draw(r *rand.Rand) draw {
	n := r.Int64N(cmp.Or(s.there, s.of)) + 1
	word := func() string {
		from := r.IntN(len(s.world.prose) - 64)
		return strings.Fields(s.world.prose[from : from+64])[1]
	}
	return draw{
		r: r, pack: s.world.pack(r), person: strings.ToLower(s.world.person(r)), word: word(), other: word(),
		rare: s.world.words[wordStock/2+r.IntN(wordStock/2)], bug: bug(r, n),
		architecture: architectures[r.IntN(len(architectures))], day: at(n, s.of).Truncate(24 * time.Hour),
	}
}

// looked notes what there is to be asked about: a fill may have been cut short.
func (s *speaker) looked(ctx context.Context, r *archive.Reader) (err error) {
	_, s.there, err = r.Range(ctx)
	return err
}

const pageOf = 50

// newest are the newest messages for which some conditions hold.
func newest(list ...archive.Condition) archive.Query {
	return archive.Query{Conditions: list, NewestFirst: true, Limit: pageOf, Prefix: "org.debian.prod"}
}

func is(kind archive.Kind, value string) archive.Condition {
	return archive.Condition{Kind: kind, Values: []string{value}}
}

func wording(texts ...string) archive.Query {
	q := newest()
	q.Words = texts
	return q
}

// asked are the most natural questions.
var asked = []struct {
	name string
	draw func(draw) archive.Query
}{
	{"the newest of all", func(draw) archive.Query {
		return newest()
	}},
	{"a package", func(d draw) archive.Query { return newest(is(archive.Package, d.pack)) }},
	{"a bug", func(d draw) archive.Query { return newest(is(archive.Bug, strconv.FormatInt(d.bug, 10))) }},
	{"a person, by name", func(d draw) archive.Query {
		q := newest(archive.Condition{Kind: archive.Person, Match: archive.Holds, Values: []string{d.person}})
		return q
	}},
	{"a topic of many", func(draw) archive.Query { return newest(is(archive.Topic, "org.debian.prod.debbugs.bug.comment")) }},
	{"a topic of few", func(draw) archive.Query { return newest(is(archive.Topic, "org.debian.prod.scm.branch.create")) }},
	{"uploads of a package", func(d draw) archive.Query {
		return newest(is(archive.Package, d.pack), is(archive.Topic, "org.debian.prod.dak.source.accept"))
	}},
	{"failures on an architecture", func(d draw) archive.Query {
		return newest(is(archive.Topic, "org.debian.prod.wannabuild.build.fail"), is(archive.Architecture, d.architecture))
	}},
	{"grave bugs of a package", func(d draw) archive.Query {
		return newest(is(archive.Package, d.pack), is(archive.Severity, "grave"))
	}},
	{"a day", func(d draw) archive.Query {
		q := newest()
		q.From, q.To = d.day, d.day.Add(24*time.Hour-time.Second)
		return q
	}},
	{"a repository", func(d draw) archive.Query {
		return newest(is(archive.Repository, "tea/"+d.pack))
	}},
	{"one publisher", func(draw) archive.Query { return newest(is(archive.Publisher, "scmhook.debian.example")) }},
	{"words: a common one", func(d draw) archive.Query { return wording(d.word) }},
	{"words: a rare one", func(d draw) archive.Query { return wording(d.rare) }},
	{"words: two", func(d draw) archive.Query { return wording(d.word, d.other) }},
	{"words: a beginning", func(d draw) archive.Query { return wording(d.rare[:min(4, len(d.rare))] + "*") }},
	{"words: one, and a package", func(d draw) archive.Query {
		q := newest(is(archive.Package, d.pack))
		q.Words = []string{d.word}
		return q
	}},
}

// questions asks the archive's reader each question many times.
func (b *bench) questions(ctx context.Context, s *trial.Site) (string, error) {
	reader, err := archive.OpenReader(ctx, b.path)
	if err != nil {
		return "", err
	}
	defer reader.Close()
	if err := b.speaker.looked(ctx, reader); err != nil {
		return "", err
	}
	var all trial.Times
	cut := 0
	for i, q := range asked {
		r := rand.New(rand.NewPCG(b.o.Seed, uint64(i)))
		var times trial.Times
		found := 0
		for range b.o.runs {
			query := q.draw(b.speaker.draw(r))
			began := time.Now()
			page, err := reader.Find(ctx, query)
			times = append(times, time.Since(began))
			if err != nil {
				return "", fmt.Errorf("asking for %s: %w", q.name, err)
			}
			if page.Cut {
				cut++
			}
			found += len(page.Messages)
		}
		all = append(all, times...)
		fmt.Fprintf(s.Out, "  %-30s %s; %.1f messages\n", q.name, times, float64(found)/float64(b.o.runs))
	}
	return fmt.Sprintf("%d kinds of questions about %d messages: %s; cut short by the time-out: %d", len(asked), b.speaker.there, all, cut), nil
}
