package sign

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// files keeps the trust that the CA file and the revocation list say, and
// reads them again when they change. What cannot be read is an alarm, and the
// last good state stays.
type files struct {
	caFile, crlFile string
	alarms          alarms

	mu      sync.Mutex
	ca, crl stamp
	trust   *trust
	failed  time.Time // when a state could not be read; zero: all is read
}

// readAgain is when a state that could not be read is tried once more though
// nothing seems to have changed: the trouble may have been the reader's own, or
// too short for the file's time to show it.
const readAgain = 5 * time.Second

// A stamp tells one state of a file from the next.
type stamp struct {
	info os.FileInfo
	err  string
}

func stampOf(file string) stamp {
	info, err := os.Stat(file)
	if err != nil {
		return stamp{err: err.Error()}
	}
	return stamp{info: info}
}

func (s stamp) same(o stamp) bool {
	if s.info == nil || o.info == nil {
		return s.info == nil && o.info == nil && s.err == o.err
	}
	return os.SameFile(s.info, o.info) && s.info.Size() == o.info.Size() && s.info.ModTime().Equal(o.info.ModTime())
}

// open reads both files for the first time. Here an error is the caller's.
func (f *files) open() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.load()
}

func (f *files) load() error {
	// The stamps are older than the texts, so a change between is seen next time.
	ca, crl := stampOf(f.caFile), stamp{}
	if f.crlFile != "" {
		crl = stampOf(f.crlFile)
	}
	f.ca, f.crl = ca, crl
	text, err := os.ReadFile(f.caFile)
	if err != nil {
		return fmt.Errorf("reading the CA certificate: %w%s", err, hint(err, "check the path; \"bus keys init\" makes an authority"))
	}
	cas, err := parseCAs(text)
	if err != nil {
		return fmt.Errorf("reading the CA certificate %s: %w", f.caFile, err)
	}
	t := newTrust(cas)
	if f.crlFile != "" {
		if text, err = os.ReadFile(f.crlFile); err != nil {
			return fmt.Errorf("reading the revocation list: %w%s", err, hint(err, "check the path; \"bus keys crl\" makes one"))
		}
		if t.crls, err = parseCRLs(text, cas); err != nil {
			return fmt.Errorf("reading the revocation list %s: %w", f.crlFile, err)
		}
		t.checkCRL = true
	}
	f.trust = t
	return nil
}

// current is the trust of this moment.
func (f *files) current(now time.Time) *trust {
	f.mu.Lock()
	var err error
	changed := !f.ca.same(stampOf(f.caFile)) || f.crlFile != "" && !f.crl.same(stampOf(f.crlFile)) ||
		!f.failed.IsZero() && now.Sub(f.failed).Abs() >= readAgain
	if changed {
		f.failed = time.Time{}
		if err = f.load(); err != nil {
			f.failed = now
		}
	}
	t := f.trust
	f.mu.Unlock()
	switch {
	case err != nil:
		f.alarms.raise("files", fmt.Sprintf("%v; the last good state is used", err))
	case changed:
		f.alarms.clear("files")
	}
	f.tellStale(t, now)
	return t
}

func (f *files) tellStale(t *trust, now time.Time) {
	why := ""
	for _, l := range t.crls {
		if s := l.stale(now); s != "" {
			why = s
		}
	}
	if why == "" {
		f.alarms.clear("stale")
		return
	}
	f.alarms.raise("stale", fmt.Sprintf("%s: %s (hint: fetch or make a new one)", f.crlFile, why))
}

// hint says what a person can do about a file that cannot be read.
func hint(err error, missing string) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return " (hint: " + missing + ")"
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf(" (hint: the program runs as uid %d, which must be able to read it and to enter its folders)", os.Geteuid())
	}
	return ""
}

// alarms tells each condition once until it has passed.
type alarms struct {
	tell func(string)

	mu     sync.Mutex
	raised map[string]string
}

func (a *alarms) raise(condition, text string) {
	a.mu.Lock()
	known := a.raised[condition] == text
	if a.raised == nil {
		a.raised = map[string]string{}
	}
	a.raised[condition] = text
	a.mu.Unlock()
	if !known && a.tell != nil {
		a.tell(text)
	}
}

func (a *alarms) clear(condition string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.raised, condition)
}
