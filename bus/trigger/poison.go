package trigger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
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

	"busbar/common/child"
	"busbar/common/durable"
	"busbar/common/event"
)

// Poison is the folder of events whose command failed again and again. Each is a
// file: a line of JSON that says why (a verdict), and the line that the command got.
// A person who moves a file into the folder's retry/ has it tried again.
type poison struct {
	dir  string
	most int // files
	next func() <-chan time.Time
	bad  map[string]string // files in retry/ that cannot be read, and why
}

// A verdict is the first line of a file.
type verdict struct {
	Reason   string    `json:"reason"`
	Output   string    `json:"output,omitempty"` // the end of what the command said last
	Attempts int       `json:"attempts"`
	First    time.Time `json:"first"` // of these
	Last     time.Time `json:"last"`
	Topic    string    `json:"topic,omitempty"`
	Title    string    `json:"title,omitempty"`
	Signer   string    `json:"signer,omitempty"`
	Endpoint string    `json:"endpoint,omitempty"`
}

const (
	suffix = ".event"
	// mostKept bounds the files of the folder, and keptInARow the events that are kept
	// while none is handled: then the fault is the command's.
	mostKept   = 10_000
	keptInARow = 20
	// maxKeptFile bounds a file that is read: the largest message with its verdict.
	maxKeptFile = 64 << 20
	// lookEvery is how often the folder's retry/ is looked into.
	lookEvery = 2 * time.Second
)

// errTooMany says that the folder is full.
var errTooMany = errors.New("no more events are kept there: look at those that are, and retry or remove them")

// openPoison makes the folder where it is not there, and shows that it can be written.
func openPoison(dir string) (*poison, error) {
	a := &poison{dir: dir, most: mostKept, next: func() <-chan time.Time { return time.After(lookEvery) }, bad: map[string]string{}}
	if err := durable.MkdirAll(a.retryDir(), 0o700); err != nil {
		return nil, fmt.Errorf("opening the folder %s for events that fail: %w", dir, err)
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return nil, fmt.Errorf("opening the folder %s for events that fail: %w", dir, err)
	}
	return a, errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func (a *poison) retryDir() string { return filepath.Join(a.dir, "retry") }

// put writes a file, durably. One of the same event that is there already says the
// same.
func (a *poison) put(in *input, v verdict) (file string, err error) {
	first, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	file = filepath.Join(a.dir, fileName(in))
	kept, err := filepath.Glob(filepath.Join(escaped(a.dir), "*"+suffix))
	if err != nil {
		return file, err
	}
	if slices.Contains(kept, file) {
		return file, nil
	}
	if len(kept) >= a.most {
		return file, errTooMany
	}
	err = durable.Create(file, slices.Concat(first, []byte("\n"), in.line), 0o600, nil)
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return file, err
}

// fileName is made from the event: its id, if it has one, and a digest.
func fileName(in *input) string {
	sum := sha256.Sum256(in.line)
	name := "gap"
	if in.gap == nil {
		name = "message"
		if id, err := event.IDUUID(in.MsgID); err == nil {
			name = id.String()
		}
	}
	return name + "-" + hex.EncodeToString(sum[:6]) + suffix
}

// escaped is a path as a pattern that means itself.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// load reads a file that a person moved into retry/.
func (a *poison) load(file string) (*task, error) {
	info, err := os.Lstat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a plain file")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeptFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxKeptFile {
		return nil, fmt.Errorf("it has more than %d bytes", maxKeptFile)
	}
	t, err := parseKept(text)
	if err != nil {
		return nil, err
	}
	t.file = file
	return t, nil
}

// parseKept reads the text of a file.
func parseKept(text []byte) (*task, error) {
	first, line, _ := bytes.Cut(text, []byte("\n"))
	line, _ = bytes.CutSuffix(line, []byte("\n"))
	var v verdict
	if err := json.Unmarshal(first, &v); err != nil {
		return nil, fmt.Errorf("reading its first line, which says why it is kept: %w", err)
	}
	t := &task{signer: v.Signer, endpoint: v.Endpoint, replayed: true}
	var missing struct{ Gap *gap }
	if json.Unmarshal(line, &missing) == nil && missing.Gap != nil {
		t.gap = missing.Gap
		return t, nil
	}
	if _, _, err := event.ParseMessage(line); err != nil {
		return nil, fmt.Errorf("reading its second line, which is the event: %w", err)
	}
	t.body = line
	return t, nil
}

// forget removes a file that was dealt with.
func (a *poison) forget(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return durable.SyncDir(filepath.Dir(file))
}

// waiting are the files in retry/, by name.
func (a *poison) waiting() (files []string, err error) {
	entries, err := os.ReadDir(a.retryDir())
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix) {
			files = append(files, filepath.Join(a.retryDir(), e.Name()))
		}
	}
	return files, err
}

// keep keeps an event, if it may be: while no event is handled at all, the fault is
// the command's.
func (d *dispatcher) keep(t *task, in *input, r child.Result, s said, since time.Time) bool {
	if d.poison == nil {
		return false
	}
	if d.keptRow.Load() >= keptInARow {
		d.log.Error("the command fails for every event: this one is not kept, and tried until it is handled", "kept", keptInARow)
		return false
	}
	file, err := d.poison.put(in, verdict{
		Reason: r.Err.Error(), Output: r.Words, Attempts: s.Attempt, First: since.UTC(), Last: time.Now().UTC(),
		Topic: in.Topic, Title: in.title(), Signer: t.signer, Endpoint: t.endpoint,
	})
	if err != nil {
		d.log.Error("an event cannot be kept, and is tried until it is handled", "folder", d.poison.dir, "error", err)
		return false
	}
	d.keptRow.Add(1)
	s.Outcome, s.File = kept, file
	d.report(s)
	d.log.Warn("the command failed too often: the event is kept", s.attrs()...)
	return true
}

// retry deals with what people move into retry/.
func (d *dispatcher) retry(ctx context.Context) {
	for ctx.Err() == nil {
		files, err := d.poison.waiting()
		if err != nil && !errors.Is(err, syscall.ENOENT) {
			d.log.Warn("the folder of events to be tried again cannot be read", "error", err)
		}
		for _, file := range files {
			t, err := d.poison.load(file)
			if err == nil {
				delete(d.poison.bad, file)
				d.deal(ctx, t)
				continue
			}
			if d.poison.bad[file] != err.Error() && !errors.Is(err, fs.ErrNotExist) {
				d.log.Warn("a file is no event that was kept; it is left alone", "file", file, "error", err)
				d.poison.bad[file] = err.Error()
			}
		}
		select {
		case <-d.poison.next():
		case <-ctx.Done():
		}
	}
}
