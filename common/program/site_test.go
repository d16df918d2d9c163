package program

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/config"
	"busbar/common/exit"
	"busbar/common/pump"
	"busbar/common/translate"
)

// fakeReport is what a fakeChannel reports.
type fakeReport struct {
	Level string    `json:"level"`
	Polls int       `json:"polls"`
	Last  time.Time `json:"last"`
	Error string    `json:"error"`
}

func (r fakeReport) Good() time.Time        { return r.Last }
func (r fakeReport) With(err string) Report { r.Error = err; return r }
func (r fakeReport) Failing() string        { return r.Error }
func (r fakeReport) Urgent() string         { return r.Error }
func (r fakeReport) Line(source string) string {
	if r.Error != "" {
		return ""
	}
	return source + " works"
}
func (r fakeReport) Metrics() []Metric { return nil }
func (r fakeReport) Over(kept []byte) Report {
	var was fakeReport
	if r.Level != "" || json.Unmarshal(kept, &was) != nil {
		return r
	}
	return was.With(r.Error)
}

// fakeChannel is a channel whose reading succeeds or fails as the test has it.
type fakeChannel struct {
	r    fakeReport
	err  error
	next int
}

func (c *fakeChannel) Next(context.Context) (it translate.Item[any], position []byte, done func(error), err error) {
	c.next++
	if c.err != nil {
		return it, nil, nil, c.err
	}
	return it, nil, nil, io.EOF
}

func (c *fakeChannel) Report() Report { return c.r }

func fakeSource(name string, c pump.Channel) *Source {
	return &Source{Name: name, Open: func(context.Context, *Opening) (pump.Channel, error) { return c, nil }}
}

// fakeConfig is a program of some sources.
type fakeConfig struct {
	config.Shared
	sources []*Source
}

func (c *fakeConfig) Complete() error                           { return nil }
func (c *fakeConfig) Translators() []translate.Translator[any]  { return nil }
func (c *fakeConfig) Sources(*slog.Logger) []*Source            { return c.sources }
func (c *fakeConfig) Explain(_ *Env, name string, _ Show) error { return errors.New(name) }

func fakeSite(t *testing.T, sources ...*Source) *Site {
	t.Helper()
	cfg := &fakeConfig{Shared: config.DefaultShared(), sources: sources}
	cfg.Bus.Name, cfg.Bus.Journal, cfg.Sign.Backend = "shop", filepath.Join(t.TempDir(), "journal.db"), "none"
	s, err := (&Env{Name: "prog"}).open(t.Context(), cfg, "run", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestErrorEndsWithAGoodReading: also where that tells no news, so that nothing
// is stored.
func TestErrorEndsWithAGoodReading(t *testing.T) {
	c := &fakeChannel{}
	s := &reading{Source: fakeSource("table popcon", c), channel: c}
	if err := s.failing(); err != nil {
		t.Errorf("before anything: %v", err)
	}
	s.note(errors.New("connection refused"))
	if err := s.failing(); err == nil || err.Error() != "connection refused" {
		t.Errorf("after an error: %v", err)
	}
	c.r.Polls, c.r.Last = 1, time.Now().Add(-time.Hour)
	if s.failing() == nil {
		t.Error("an older reading ends an error")
	}
	c.r.Last = time.Now().Add(time.Second)
	if err := s.failing(); err != nil {
		t.Errorf("after a good reading: %v", err)
	}
	s.note(nil)
	if err := s.failing(); err != nil {
		t.Errorf("after the error is over: %v", err)
	}
}

// TestOnceStopsAtAnError: the caller tries again, not we; and status tells it.
func TestOnceStopsAtAnError(t *testing.T) {
	bad := &fakeChannel{err: errors.New("connection refused")}
	s := fakeSite(t, fakeSource("table popcon", bad))
	err := s.Once(t.Context(), false)
	var failure *exit.Error
	if !errors.As(err, &failure) || failure.Code != exit.TempFail || !strings.Contains(err.Error(), "connection refused") {
		t.Fatalf("%v", err)
	}
	if bad.next != 1 {
		t.Errorf("it was tried %d times", bad.next)
	}
	if kept := keptReport(t, s); !strings.Contains(kept.Error, "connection refused") {
		t.Errorf("kept: %+v", kept)
	}
	bad.err, bad.r = nil, fakeReport{Level: "table", Polls: 1, Last: time.Now().Add(time.Second)}
	if err := s.Once(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if kept := keptReport(t, s); kept.Error != "" || kept.Level != "table" {
		t.Errorf("kept: %+v", kept)
	}
	bad.err, bad.r = errors.New("away"), fakeReport{} // what was known stays
	if err := s.Once(t.Context(), false); err == nil {
		t.Fatal("no error")
	}
	if kept := keptReport(t, s); !strings.Contains(kept.Error, "away") || kept.Level != "table" || kept.Polls != 1 {
		t.Errorf("kept: %+v", kept)
	}
}

func keptReport(t *testing.T, s *Site) (kept fakeReport) {
	t.Helper()
	if err := KeptReport(t.Context(), s.Node.Journal.Reader(), "prog", "table popcon", &kept); err != nil {
		t.Fatal(err)
	}
	return kept
}

// TestStatusShowsErrorsFirst is about the one line of systemctl status.
func TestStatusShowsErrorsFirst(t *testing.T) {
	s := fakeSite(t, fakeSource("table popcon", &fakeChannel{}), fakeSource("wanna-build", &fakeChannel{}))
	if err := s.read(t.Context(), Opening{}); err != nil {
		t.Fatal(err)
	}
	s.readings[1].note(errors.New("connection refused"))
	s.Node.Watch("wanna-build", s.readings[1].failing)
	line := s.status()
	if !strings.HasPrefix(line, "ERROR: wanna-build: connection refused; ") || !strings.Contains(line, "table popcon works") {
		t.Errorf("%q", line)
	}
}
