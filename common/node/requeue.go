package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"busbar/common/durable"
	"busbar/common/translate"
)

// RetryDir is where items wait that are requeued: only one process may write
// the journal, and it may be running.
func RetryDir(journal string) string { return journal + ".retry" }

// Requeue writes an item that a source made into the folder beside the journal, where
// a RetryQueue finds it. It is there whole or not at all, and on disk; should it be
// lost, the journal still has it. What root requeues belongs to the owner of the
// journal, who is to read it.
func Requeue(journal, source string, item []byte) error {
	return leave(RetryDir(journal), fmt.Sprintf("%020d", time.Now().UnixNano())+suffix(source), item, journal)
}

// maxSource is how much of a file's name a source may take: file systems allow 255
// bytes.
const maxSource = 200

// suffix names a source in the name of a file: it is the file's, behind the number.
func suffix(source string) string {
	name := url.PathEscape(source)
	if name == "" || len(name) > maxSource {
		return ".json"
	}
	return "." + name + ".json"
}

// sourceOf is the source that made the item in a file; empty: that is not known.
func sourceOf(file string) string {
	_, name, _ := strings.Cut(strings.TrimSuffix(file, ".json"), ".")
	source, err := url.PathUnescape(name)
	if err != nil {
		return ""
	}
	return source
}

// leave writes a file for the process that may write the journal.
func leave(dir, name string, content []byte, journal string) error {
	own := func(path string) error { return OwnAs(path, journal) }
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := own(dir); err != nil {
		return err
	}
	return durable.Create(filepath.Join(dir, name), content, 0o600, own)
}

// OwnAs gives a path to the owner of another, where root runs this.
func OwnAs(path, like string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(like)
	if err != nil {
		return err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return os.Lchown(path, int(s.Uid), int(s.Gid))
	}
	return nil
}

// retryEvery is how often the daemon looks for requeued items, if nothing else is said.
const retryEvery = 2 * time.Second

// A RetryQueue is the channel of requeued items.
type RetryQueue struct {
	Dir   string
	Once  bool          // io.EOF when nothing waits
	Every time.Duration // how often Dir is read [2 s]
	// Parse reads what a source made; empty: that is not known. It copes with anything:
	// an error is poison.
	Parse func(source string, item []byte) any
	Idle  func() // called when nothing waits; may be nil

	mu     sync.Mutex
	handed map[string]bool // not to be handed out twice; false: no more in flight
}

// Next hands out the oldest file that is not in flight.
func (c *RetryQueue) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	for {
		names, err := Waiting(c.Dir)
		if err != nil {
			return translate.Item[any]{}, nil, nil, err
		}
		for _, name := range names {
			if c.known(name) {
				continue
			}
			it, done, err := c.take(name)
			if errors.Is(err, fs.ErrNotExist) {
				continue // it was in flight
			}
			return it, nil, done, err
		}
		if len(names) == 0 && c.Idle != nil {
			c.Idle()
		}
		if c.Once {
			return translate.Item[any]{}, nil, nil, io.EOF
		}
		c.mu.Lock() // what is still there and not in flight failed, and is handed out again
		maps.DeleteFunc(c.handed, func(_ string, flies bool) bool { return !flies })
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return translate.Item[any]{}, nil, nil, ctx.Err()
		case <-time.After(cmp.Or(c.Every, retryEvery)):
		}
	}
}

func (c *RetryQueue) take(name string) (it translate.Item[any], done func(error), err error) {
	path := filepath.Join(c.Dir, name)
	text, err := os.ReadFile(path)
	if err != nil {
		return it, nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return it, nil, err
	}
	c.mark(name, true)
	source := sourceOf(name)
	it = translate.Item[any]{Source: source, Origin: "retry queue " + name, Value: c.Parse(source, text), Raw: text, Received: info.ModTime()}
	return it, func(err error) {
		if err == nil {
			os.Remove(path) // at the worst it is read again, and its facts are known
		}
		c.mark(name, false)
	}, nil
}

func (c *RetryQueue) known(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, known := c.handed[name]
	return known
}

func (c *RetryQueue) mark(name string, flies bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handed == nil {
		c.handed = map[string]bool{}
	}
	c.handed[name] = flies
}

// Waiting lists the files of requeued items, oldest first.
func Waiting(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing the retry queue: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && filepath.Ext(e.Name()) == ".json" {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}
