package archive

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"busbar/common/event"
)

// realistic are n messages of the size of signed ones, from ten publishers.
func realistic(b *testing.B, n int) []Incoming {
	s, list := newSpeaker(1), make([]Incoming, n)
	random := func(bytes int) string {
		text := make([]byte, bytes)
		for i := range text {
			text[i] = byte(s.r.Uint32())
		}
		return base64.StdEncoding.EncodeToString(text)
	}
	certificates = []string{random(1400), random(1400), random(1400)}
	for i := range list {
		m := s.say()
		m.publisher, m.epoch = fmt.Sprint("publisher", i%10), "1d5b3e3c-0c1b-4f0a-9d0e-2f2a1c3b4d5e"
		m.seq, m.id = int64(i/10+1), fmt.Sprint("fact ", i)
		m.msg["package"] = fmt.Sprint("package-", s.r.IntN(30000))
		m.msg["bug"] = 800000 + s.r.IntN(200000)
		m.msg["person"] = map[string]any{"name": fmt.Sprint("Somebody Number", s.r.IntN(3000)), "email": fmt.Sprint("somebody", s.r.IntN(3000), "@example.org")}
		m.msg["body"] = strings.Repeat(random(12)+" ", 25)
		m.title = fmt.Sprintf("Somebody reported bug #%d against %s: it drips, word%d word%d", m.msg["bug"], m.msg["package"], s.r.IntN(50000), s.r.IntN(500))
		m.extra = map[string]any{"signature": random(256), "signature_ed25519": random(64), "prev": random(48), "origin": "mail <something@example.org>"}
		list[i] = read(b, m.wire(b))
	}
	return list
}

// cpu is what the process has used of it, which other work on the machine changes
// less than the time that passes.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const benchBatch = 1000

func BenchmarkAppend(b *testing.B) {
	list := realistic(b, 50_000)
	var bytes, size int64
	before := cpu(b)
	for b.Loop() {
		path := b.TempDir() + "/archive.db"
		a := mustOpen(b, Options{Path: path})
		for i := 0; i < len(list); i += benchBatch {
			mustAppend(b, a, Batch{Messages: list[i : i+benchBatch]})
		}
		if err := a.Close(); err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		size, bytes = info.Size(), 0
		for _, m := range list {
			bytes += int64(len(m.Wire))
		}
	}
	b.ReportMetric(float64(b.N*len(list))/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N*len(list)), "cpu-µs/message")
	b.ReportMetric(float64(size)/float64(len(list)), "stored-bytes/message")
	b.ReportMetric(float64(bytes)/float64(len(list)), "wire-bytes/message")
}

// BenchmarkAppendOne stores messages one by one, as a hub does when they come so.
func BenchmarkAppendOne(b *testing.B) {
	list := realistic(b, 5000)
	a := mustOpen(b, Options{})
	before, n := cpu(b), 0
	for b.Loop() {
		m := list[n%len(list)]
		if n >= len(list) {
			b.Skip("all are stored")
		}
		mustAppend(b, a, Batch{Messages: []Incoming{m}})
		n++
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(n), "cpu-µs/message")
}

func BenchmarkRead(b *testing.B) {
	list := realistic(b, 50_000)
	a := mustOpen(b, Options{})
	for i := 0; i < len(list); i += benchBatch {
		mustAppend(b, a, Batch{Messages: list[i : i+benchBatch]})
	}
	ctx := context.Background()
	b.Run("arrival", func(b *testing.B) {
		n, before := 0, cpu(b)
		for b.Loop() {
			for at := int64(0); ; {
				got, err := a.After(ctx, at, maxBatch)
				if err != nil {
					b.Fatal(err)
				}
				if len(got) == 0 {
					break
				}
				at, n = got[len(got)-1].N, n+len(got)
			}
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
		b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/float64(n)/1000, "cpu-µs/message")
	})
	day := time.Unix(list[len(list)/2].Envelope.Timestamp, 0)
	for name, q := range map[string]Query{
		"newest":           {NewestFirst: true, Limit: 25},
		"topic":            {NewestFirst: true, Limit: 25, Conditions: []Condition{{Kind: Topic, Match: Under, Values: []string{"org.debian.dev.debbugs.bug"}}}},
		"package":          {NewestFirst: true, Limit: 25, Conditions: []Condition{{Kind: Package, Values: []string{"package-7"}}}},
		"person holding":   {NewestFirst: true, Limit: 25, Conditions: []Condition{{Kind: Person, Match: Holds, Values: []string{"number77 <"}}}},
		"common word":      {NewestFirst: true, Limit: 25, Words: []string{"drips"}},
		"rare word":        {NewestFirst: true, Limit: 25, Words: []string{"word4711"}},
		"word beginning":   {NewestFirst: true, Limit: 25, Words: []string{"word47*"}},
		"two words":        {NewestFirst: true, Limit: 25, Words: []string{"drips", "word123"}},
		"word and package": {NewestFirst: true, Limit: 25, Words: []string{"drips"}, Conditions: []Condition{{Kind: Package, Values: []string{"package-7"}}}},
		"a page anywhere":  {Limit: 100, After: placeOf(day.Unix(), 0)},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := a.Find(ctx, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("count", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := a.Count(ctx, Query{To: day}, 1<<40); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("id", func(b *testing.B) {
		id := event.FormatID(day, event.UUID("test", "fact 4711"))
		for b.Loop() {
			if _, err := a.ByID(ctx, id); err != nil {
				b.Fatal(err)
			}
		}
	})
}
