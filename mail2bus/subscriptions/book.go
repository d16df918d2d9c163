package subscriptions

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"busbar/common/durable"
)

// A Book is the file in which subscriptions stand. The daemon and the commands write it,
// one at a time; whoever reads it finds it whole, as it was on disk.
type Book struct {
	File string
	// Own gives the file to whom the daemon runs as; nil: it stays ours.
	Own func(path string) error
	Now func() time.Time // nil: time.Now
}

// Contents are what the file holds.
type Contents struct {
	Version       int            `json:"version"`
	Subscriptions []Subscription `json:"subscriptions"` // in the order of their lists
	// Refused counts the confirmations that were not answered, by reason.
	Refused map[string]int64 `json:"refused,omitempty"`
}

const (
	version = 1
	maxBook = 4 << 20
	// maxLists is how many lists may stand in it.
	maxLists = 1000
	// lockPatience is how long another one may be at it.
	lockPatience = 5 * time.Second
)

func (b *Book) now() time.Time {
	if b.Now != nil {
		return b.Now()
	}
	return time.Now().UTC().Truncate(time.Second)
}

// Read reads the file; where there is none, nothing was ever asked for.
func (b *Book) Read() (c Contents, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("reading %s, in which the subscriptions stand: %w", b.File, err)
		}
	}()
	f, err := os.Open(b.File)
	if errors.Is(err, fs.ErrNotExist) {
		return Contents{Version: version}, nil
	}
	if err != nil {
		return c, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxBook+1))
	switch {
	case err != nil:
		return c, err
	case len(text) > maxBook:
		return c, fmt.Errorf("it is longer than %d bytes", maxBook)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("%w (restore it, or remove it and subscribe again)", err)
	}
	if c.Version != version {
		return c, fmt.Errorf("it has version %d, and this program knows %d", c.Version, version)
	}
	for _, s := range c.Subscriptions {
		if err := errors.Join(CheckAddress(s.List), CheckAddress(s.Address)); err != nil {
			return c, err
		}
	}
	return c, nil
}

// change changes the file, unless the function says that nothing is changed.
func (b *Book) change(do func(*Contents) (changed bool, err error)) error {
	unlock, err := b.lock()
	if err != nil {
		return fmt.Errorf("locking the subscriptions: %w", err)
	}
	defer unlock()
	c, err := b.Read()
	if err != nil {
		return err
	}
	changed, err := do(&c)
	if err != nil || !changed {
		return err
	}
	slices.SortFunc(c.Subscriptions, func(a, b Subscription) int { return strings.Compare(a.List, b.List) })
	text, err := json.MarshalIndent(c, "", "\t")
	if err == nil && len(text) > maxBook {
		err = fmt.Errorf("%d bytes are too many", len(text))
	}
	if err == nil {
		err = durable.Replace(b.File, append(text, '\n'), 0o600, b.Own)
	}
	if err != nil {
		return fmt.Errorf("noting the subscriptions: %w", err)
	}
	return nil
}

// lock is on the folder: the file is another one after each change.
func (b *Book) lock() (unlock func(), err error) {
	dir, err := os.Open(filepath.Dir(b.File))
	if err != nil {
		return nil, err
	}
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		err = syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) || time.Since(began) > lockPatience {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return func() { _ = dir.Close() }, nil
}

// of is the subscription to a list; nil: there is none.
func (c *Contents) of(list string) *Subscription {
	for i := range c.Subscriptions {
		if c.Subscriptions[i].List == list {
			return &c.Subscriptions[i]
		}
	}
	return nil
}

func (c *Contents) refuse(reason string) {
	if c.Refused == nil {
		c.Refused = map[string]int64{}
	}
	c.Refused[reason]++
}

// newID is a Message-ID that nobody can guess, without its brackets.
func newID(address string) string {
	_, domain := parts(address)
	return "busbar." + strings.ToLower(rand.Text()) + "@" + domain
}
