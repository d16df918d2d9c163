package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/archive"
	"busbar/contrib/trials/trial"
)

// TestCompare: each fault would be found.
func TestCompare(t *testing.T) {
	ctx := context.Background()
	for what, want := range map[string]string{
		"nothing": "", "lost": "1 lost", "doubled": "doubled", "changed": "1 changed", "forged": "1 forged ones in the archive",
		"answered": "1 forged posts answered with 200", "stranger": "1 sequences too many", "gap": "1 gaps", "more": "1 arrivals too many",
	} {
		t.Run(what, func(t *testing.T) {
			site, err := trial.NewSite(filepath.Join(t.TempDir(), "site"), "")
			if err != nil {
				t.Fatal(err)
			}
			p := &play{site: site, o: options{posters: 1}}
			if err := p.prepare(ctx); err != nil {
				t.Fatal(err)
			}
			defer p.network.listener.Close()
			var b archive.Batch
			for _, one := range []*sender{p.adapter, p.posters[0]} {
				if err := one.say(ctx, 3); err != nil {
					t.Fatal(err)
				}
				b.Messages = append(b.Messages, one.incoming(t)...)
			}
			m := b.Messages[1]
			switch what {
			case "lost":
				b.Messages = b.Messages[:5]
			case "doubled": // under another id
				b.Messages = append(b.Messages, changed(t, m, m.Envelope.MsgID[5:], "00000000-0000-4000-8000-000000000000"))
			case "changed":
				b.Messages[1] = changed(t, m, `"title":"note`, `"title":"vote`)
			case "forged":
				if err := p.forger.victim.say(ctx, 1); err != nil {
					t.Fatal(err)
				}
				b.Messages = append(b.Messages, p.forger.victim.incoming(t)...)
			case "answered":
				p.forger.taken.Add(1)
			case "stranger":
				b.Messages = append(b.Messages, changed(t, changed(t, m, `"publisher":"adapter"`, `"publisher":"nobody"`), m.Envelope.MsgID[5:], "00000000-0000-4000-8000-000000000000"))
			case "gap":
				b.Gaps = []archive.Gap{{Publisher: "adapter", Epoch: "e", First: 1, Last: 1, Reason: "test", Time: time.Now()}}
			case "more":
				b.Messages = append(b.Messages, changed(t, changed(t, m, `"seq_id":2`, `"seq_id":0`), m.Envelope.MsgID[5:], "00000000-0000-4000-8000-000000000000"))
			}
			a, err := archive.Open(ctx, archive.Options{Path: filepath.Join(site.Dir, "archive.db")})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Append(ctx, b); err != nil {
				t.Fatal(err)
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err = p.compare(ctx); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("found %v, want %q", err, want)
			}
			for _, one := range append(p.posters, p.adapter, p.forger.victim) {
				if err := one.journal.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func (p *sender) incoming(t *testing.T) (list []archive.Incoming) {
	t.Helper()
	said, err := p.journal.Reader().After(context.Background(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range said {
		in, err := archive.Read(m.Wire)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, in)
	}
	return list
}

// changed is a message with another text in it.
func changed(t *testing.T, m archive.Incoming, from, to string) archive.Incoming {
	t.Helper()
	text := strings.Replace(string(m.Wire), from, to, 1)
	if text == string(m.Wire) {
		t.Fatalf("there is no %s in %s", from, text)
	}
	in, err := archive.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return in
}
