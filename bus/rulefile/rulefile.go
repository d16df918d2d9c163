// Package rulefile reads the TOML files in which administrators write rules and badges,
// and gathers all that is wrong in them, so that it is said at once.
package rulefile

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/BurntSushi/toml"
)

const (
	// MaxFile bounds a file, in bytes.
	MaxFile = 16 << 20
	// maxFaults is how many are gathered.
	maxFaults = 20
)

// Faults are what is wrong, each with where it stands.
type Faults struct{ list []error }

// Add takes note of one; beyond twenty, more of them help nobody.
func (f *Faults) Add(where, format string, args ...any) {
	if len(f.list) < maxFaults {
		f.list = append(f.list, fmt.Errorf("%s: %w", where, fmt.Errorf(format, args...)))
	}
}

// Err is all of them; nil: there is none.
func (f *Faults) Err() error { return errors.Join(f.list...) }

// Decode reads a file of TOML into a form. A key that the form has not is a fault, which
// names the page that tells of all. It is false where the file cannot be read.
func (f *Faults) Decode(name string, form any, page string) bool {
	raw, err := Bounded(name)
	if err != nil {
		f.Add(name, "%w", err)
		return false
	}
	meta, err := toml.Decode(string(raw), form)
	if err != nil {
		if p, ok := errors.AsType[toml.ParseError](err); ok {
			err = fmt.Errorf("line %d: %s", p.Position.Line, p.Message)
		}
		f.Add(name, "%w", err)
		return false
	}
	for _, key := range meta.Undecoded() {
		f.Add(name, "there is no key %s (see %s)", key, page)
	}
	return true
}

// Bounded reads a file that is not too large.
func Bounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(raw) > MaxFile {
		err = fmt.Errorf("it is larger than %d MiB", MaxFile>>20)
	}
	return raw, err
}
