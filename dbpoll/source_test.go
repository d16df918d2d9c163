package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/exit"
	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/translate"
	"busbar/dbpoll/database"
)

// fakePoller is a poller whose reading succeeds or fails as it is told.
type fakePoller struct {
	r    report
	err  error
	next int
}

func (p *fakePoller) Next(context.Context) (it translate.Item[any], position []byte, done func(error), err error) {
	p.next++
	if p.err != nil {
		return it, nil, nil, p.err
	}
	return it, nil, nil, io.EOF
}

func (p *fakePoller) Report() report { return p.r }

func fakeSource(t *testing.T, p *fakePoller) *source {
	t.Helper()
	s := &source{
		name: "table popcon", db: database.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "none.db")},
		open: func(*database.DB, *journal.Journal, mode) (poller, error) { return p, nil },
	}
	s.inner = p // as one that was opened
	return s
}

// TestTroubleEndsWithAGoodPoll: also where that tells no news, so that nothing
// is stored.
func TestTroubleEndsWithAGoodPoll(t *testing.T) {
	p := &fakePoller{}
	s := fakeSource(t, p)
	if err := s.unwell(); err != nil {
		t.Errorf("before anything: %v", err)
	}
	s.note(errors.New("connection refused"))
	if err := s.unwell(); err == nil || err.Error() != "connection refused" {
		t.Errorf("in trouble: %v", err)
	}
	p.r.Polls, p.r.Last = 1, time.Now().Add(-time.Hour)
	if s.unwell() == nil {
		t.Error("an older poll ends trouble")
	}
	p.r.Last = time.Now().Add(time.Second)
	if err := s.unwell(); err != nil {
		t.Errorf("after a good poll: %v", err)
	}
	s.note(nil)
	if err := s.unwell(); err != nil {
		t.Errorf("after the weather cleared: %v", err)
	}
}

func testSite(t *testing.T, sources ...*source) *site {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Bus.Name, cfg.Bus.Journal, cfg.Sign.Backend = "shop", filepath.Join(t.TempDir(), "journal.db"), "none"
	if err := cfg.complete(); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	node, err := node.New(t.Context(), "dbpoll", cfg.Bus, cfg.Sign, log)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{cfg, node, sources, log}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestOnceStopsAtTrouble: the caller tries again, not we; and status tells it.
func TestOnceStopsAtTrouble(t *testing.T) {
	bad := &fakePoller{err: errors.New("connection refused")}
	s := testSite(t, fakeSource(t, bad))
	err := s.once(t.Context(), once, nil)
	var failure *exit.Error
	if !errors.As(err, &failure) || failure.Code != exit.TempFail || !strings.Contains(err.Error(), "connection refused") {
		t.Fatalf("%v", err)
	}
	if bad.next != 1 {
		t.Errorf("it was tried %d times", bad.next)
	}
	kept, err := keptReport(t.Context(), s.node.Journal.Reader(), "table popcon")
	if err != nil || !strings.Contains(kept.Error, "connection refused") {
		t.Errorf("kept: %+v, %v", kept, err)
	}
	bad.err, bad.r = nil, report{Level: comparing, Polls: 1, Last: time.Now().Add(time.Second)}
	if err := s.once(t.Context(), once, nil); err != nil {
		t.Fatal(err)
	}
	kept, err = keptReport(t.Context(), s.node.Journal.Reader(), "table popcon")
	if err != nil || kept.Error != "" || kept.Level != comparing {
		t.Errorf("kept: %+v, %v", kept, err)
	}
}

// TestTroubleKeepsWhatWasKnown: status goes on telling the access.
func TestTroubleKeepsWhatWasKnown(t *testing.T) {
	p := &fakePoller{r: report{Level: "views", Polls: 7}}
	src := fakeSource(t, p)
	s := testSite(t, src)
	if err := keep(t.Context(), src, src.report(), s.node.Journal); err != nil {
		t.Fatal(err)
	}
	if err := keep(t.Context(), src, report{Error: "away"}, s.node.Journal); err != nil {
		t.Fatal(err)
	}
	kept, err := keptReport(t.Context(), s.node.Journal.Reader(), src.name)
	if err != nil || kept.Level != "views" || kept.Polls != 7 || kept.Error != "away" {
		t.Errorf("kept: %+v, %v", kept, err)
	}
}

// TestStatusShowsErrorsFirst is about the one line of systemctl status.
func TestStatusShowsErrorsFirst(t *testing.T) {
	good, bad := fakeSource(t, &fakePoller{r: report{Polls: 3, Changes: 9}}), fakeSource(t, &fakePoller{})
	bad.name = "wanna-build"
	bad.note(errors.New("connection refused"))
	s := testSite(t, good, bad)
	s.node.Watch(bad.name, bad.unwell)
	line := s.status()
	if !strings.HasPrefix(line, "ERROR: wanna-build: connection refused; ") || !strings.Contains(line, "table popcon: 3 polls, 9 changes") {
		t.Errorf("%q", line)
	}
}
