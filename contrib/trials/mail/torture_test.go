package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/wire"
	"busbar/contrib/trials/trial"
)

// TestTorture plays all acts with few mails.
func TestTorture(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	ctx, cancel := context.WithTimeout(context.Background(), trial.Long)
	defer cancel()
	var out bytes.Buffer
	err := torture(ctx, options{mails: 300, kills: 8, life: 2 * time.Second, full: 80, port: 60, imports: 400, history: 330, historyLive: 100, historyKills: 2, Options: trial.Options{Seed: 7}}, &out)
	t.Logf("\n%s", out.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"machine: ", "kill -9: mails 300", "taken port: mails 60", "import: mails 400 of one mbox", "history: mails 330 of ", "missing 0, more 0, doubled 0, told in other words 0; live delivery", "lost 0, doubled 0", "acts skipped: "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report does not say %q", want)
		}
	}
}

// TestAskedWhileItRuns: what mail2bus does to mails behind their storing is waited for while
// it runs.
func TestAskedWhileItRuns(t *testing.T) {
	bin := t.TempDir()
	if err := trial.Build(t.Context(), bin, "mail2bus"); err != nil {
		t.Fatal(err)
	}
	at, err := trial.NewSite(filepath.Join(t.TempDir(), "s"), bin)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	r, err := way{"a Maildir", func(_ context.Context, s *site) (*peer, error) {
		none := func() error { return nil }
		return &peer{
			send: func(_ context.Context, n int) error { return s.maildir.Deliver(fmt.Sprintf("%d.trial", n), mail(n)) },
			kill: none, start: func(context.Context) error { return nil }, log: func() string { return "" },
			ended: func() error {
				if asked++; !s.daemon.Running() {
					return errors.New("mail2bus was stopped before")
				}
				return nil
			},
		}, nil
	}}.act(t.Context(), options{waysMails: 4, waysKills: 2, waysLife: 10 * time.Millisecond}, at)
	if err := errors.Join(err, r.verdict(), at.End()); err != nil || asked != 1 || r.acked != 4 {
		t.Errorf("asked %d times, %v: %v", asked, r, err)
	}
}

// TestLedgerCounts shows that the harness can fail.
func TestLedgerCounts(t *testing.T) {
	for _, c := range []struct {
		name    string
		acked   []int
		cut     []int
		journal map[int]int
		want    string
	}{
		{"all is well", []int{1, 2}, nil, map[int]int{1: 1, 2: 1}, ""},
		{"one is lost", []int{1, 2}, nil, map[int]int{1: 1}, "1 lost"},
		{"one is there twice", []int{1, 2}, nil, map[int]int{1: 2, 2: 1}, "1 doubled"},
		{"one comes from nowhere", []int{1}, nil, map[int]int{1: 1, 9: 1}, "never sent"},
		{"a killed delivery arrived", []int{1}, []int{2}, map[int]int{1: 1, 2: 1}, ""},
		{"a killed delivery did not", []int{1}, []int{2}, map[int]int{1: 1}, ""},
		{"a killed delivery arrived twice", []int{1}, []int{2}, map[int]int{1: 1, 2: 2}, "1 doubled"},
	} {
		b := newBook()
		for _, n := range c.acked {
			b.note(b.acked, n)
		}
		for _, n := range c.cut {
			b.note(b.cut, n)
		}
		l := ledger{numbers: c.journal}
		l.count(b)
		got := ""
		if err := (result{ledger: l}).verdict(); err != nil {
			got = err.Error()
		}
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: verdict %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTallyTellsNoticedFromSilent(t *testing.T) {
	received := trial.Received{Seqs: map[string]map[int64]bool{publisher: {1: true, 5: true}}, Gaps: []wire.Gap{{From: 2, To: 3}}}
	got := sum(received, map[int]int{1: 1, 5: 2}, 6)
	if got.missing != 2 || got.silent != 2 || got.twice != 1 || got.got != 2 {
		t.Errorf("%+v", got)
	}
	if err := (result{live: got}).verdict(); err == nil || !strings.Contains(err.Error(), "2 missed by the subscriber without a notice") {
		t.Errorf("verdict: %v", err)
	}
}
