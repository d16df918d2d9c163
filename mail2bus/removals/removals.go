// Package removals follows the archive's log of removals, removals.822, a file that
// grows by an entry for each removal, with an empty line behind it.
//
// What the file holds when it is first read is recorded, and not published, unless its
// history is asked for. Where the file was read up to is stored with the events: an offset, and
// a digest of what stands before it. A file whose digest is another one, since it was
// put there again by a copy that cut or mended it, is read from its beginning, and
// entries that are older than the newest one that is known are left out; the journal
// knows the others by their ids.
//
// Not here: what an entry means (adapters/dak).
package removals

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"busbar/adapters/dak"
	"busbar/common/journal"
	"busbar/common/mail"
	"busbar/common/rounds"
	"busbar/common/translate"
)

// Options say what to follow.
type Options struct {
	File    string
	Journal *journal.Journal
	Source  string // under which its position is stored
	Poll    time.Duration
	Once    bool // one reading, then io.EOF
	History bool // tell what the file holds when it is first read, as recovered
	Log     *slog.Logger
}

// A Log is the file as a channel.
type Log struct {
	*rounds.Rounds
	o      Options
	pos    position // behind what is ready
	loaded bool
}

type position struct {
	Offset int64  `json:"offset"`
	Before string `json:"before"`          // digest of what stands before it
	Newest int64  `json:"newest"`          // time of the newest entry, Unix seconds; 0: none has one
	Again  int64  `json:"again,omitempty"` // while another file is read: entries before this time are known
	Old    int64  `json:"old,omitempty"`   // what stands before this offset is history
}

// Bounds of memory: what is read at once, an entry, and what is known again.
const (
	chunk    = 1 << 20
	maxEntry = 512 << 10
	before   = 4096
)

// Open follows a log.
func Open(o Options) *Log {
	l := &Log{o: o}
	l.Rounds = &rounds.Rounds{
		Now: time.Now, Poll: l.poll,
		Reset:    func() { l.loaded = false },
		Position: func() []byte { return l.pos.bytes() },
	}
	return l
}

func (p position) bytes() []byte {
	b, err := json.Marshal(p)
	if err != nil {
		return nil // two numbers and a text always encode
	}
	return b
}

// Begin records what the file holds, where nothing is known of it yet. The first poll
// does it, too: entries between the two are news.
func (l *Log) Begin(ctx context.Context) error {
	f, err := os.Open(l.o.File)
	if err != nil {
		return fmt.Errorf("following the log of removals: %w", err)
	}
	defer f.Close()
	return l.load(ctx, f)
}

// poll makes what is new ready. It waits until there is something.
func (l *Log) poll(ctx context.Context) error {
	for {
		more, err := l.read(ctx)
		if err != nil {
			return fmt.Errorf("following the log of removals: %w", err)
		}
		switch {
		case l.Ready() > 0:
			return nil
		case more:
			continue
		case l.o.Once:
			return io.EOF
		}
		if err := rounds.Wait(ctx, l.o.Poll, nil); err != nil {
			return err
		}
	}
}

// read takes a piece of the file behind the position; more says that there may be
// another.
func (l *Log) read(ctx context.Context) (more bool, err error) {
	f, err := os.Open(l.o.File)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if err := l.load(ctx, f); err != nil {
		return false, err
	}
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	if known, err := l.known(f, info.Size()); err != nil {
		return false, err
	} else if !known {
		l.o.Log.Warn("the log of removals is another file than before; it is read from its beginning", "file", l.o.File, "known_since", time.Unix(l.pos.Newest, 0).UTC())
		l.pos = position{Newest: l.pos.Newest, Again: l.pos.Newest, Old: info.Size()}
	}
	text := make([]byte, min(chunk, info.Size()-l.pos.Offset))
	n, err := f.ReadAt(text, l.pos.Offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	taken, err := l.take(f, text[:n])
	return taken > 0 && l.pos.Offset < info.Size(), err
}

// take makes the whole entries of a text ready, and says how many bytes it took. One
// that is too long is taken in pieces, which are poison.
func (l *Log) take(f *os.File, text []byte) (taken int, err error) {
	for {
		rest := text[taken:]
		end := bytes.Index(rest, []byte("\n\n"))
		switch {
		case end >= 0 && end <= maxEntry:
			end += 2
		case len(rest) > maxEntry:
			end = maxEntry
		default:
			return taken, nil
		}
		entry, at := rest[:end], l.pos.Offset
		taken += end
		l.pos.Offset += int64(end)
		if l.pos.Before, err = digest(f, l.pos.Offset); err != nil {
			return taken, err
		}
		made := timeOf(entry)
		if len(bytes.TrimSpace(entry)) == 0 || at < l.pos.Old && made > 0 && made < l.pos.Again {
			continue
		}
		l.pos.Newest = max(l.pos.Newest, made)
		l.AddAt(translate.Item[any]{
			Origin: fmt.Sprintf("removals %d", at), Value: dak.Stanza(entry), Raw: bytes.Clone(entry),
			Recovered: at < l.pos.Old,
		}, l.pos.bytes())
	}
}

// timeOf is an entry's Date in Unix seconds, 0 if it cannot be read.
func timeOf(entry []byte) int64 {
	for line := range bytes.Lines(entry) {
		if date, ok := strings.CutPrefix(string(line), "Date:"); ok {
			if at := mail.ParseTime(strings.TrimSpace(date)); !at.IsZero() {
				return at.Unix()
			}
			return 0
		}
	}
	return 0
}

// load reads the position, once. Without one, all that is there is the baseline.
func (l *Log) load(ctx context.Context, f *os.File) error {
	if l.loaded {
		return nil
	}
	l.pos = position{}
	value, err := l.o.Journal.Reader().Position(ctx, l.o.Source)
	switch {
	case err == nil:
		if err := json.Unmarshal(value, &l.pos); err != nil {
			return fmt.Errorf("reading the position of %s: %w", l.o.Source, err)
		}
	case !errors.Is(err, journal.ErrNotFound):
		return err
	case l.o.History:
		info, err := f.Stat()
		if err != nil {
			return err
		}
		l.pos.Old = info.Size()
	default:
		if err := l.baseline(ctx, f); err != nil {
			return err
		}
	}
	l.loaded = true
	return nil
}

// baseline records what the file holds.
func (l *Log) baseline(ctx context.Context, f *os.File) error {
	in := io.NewSectionReader(f, 0, 1<<62)
	buffer := make([]byte, 0, chunk)
	for {
		n, err := io.ReadFull(in, buffer[len(buffer):chunk])
		buffer = buffer[:len(buffer)+n]
		end := bytes.LastIndex(buffer, []byte("\n\n")) + 2
		if end < 2 && len(buffer) == chunk {
			end = chunk
		}
		if end >= 2 {
			for entry := range bytes.SplitSeq(buffer[:end], []byte("\n\n")) {
				l.pos.Newest = max(l.pos.Newest, timeOf(entry))
			}
			l.pos.Offset += int64(end)
			buffer = append(buffer[:0], buffer[end:]...)
		}
		if err != nil && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
			break
		}
		if err != nil {
			return err
		}
	}
	var err error
	if l.pos.Before, err = digest(f, l.pos.Offset); err != nil {
		return err
	}
	l.o.Log.Info("the log of removals is followed from here on", "file", l.o.File, "offset", l.pos.Offset)
	_, err = l.o.Journal.Append(ctx, journal.Record{Skip: "removals: baseline", Source: l.o.Source, Position: l.pos.bytes()})
	return err
}

// known reports whether the file is the one of the position.
func (l *Log) known(f *os.File, size int64) (bool, error) {
	if l.pos.Offset > size {
		return false, nil
	}
	now, err := digest(f, l.pos.Offset)
	return now == l.pos.Before, err
}

// digest is of what stands before an offset; empty at the beginning.
func digest(f *os.File, offset int64) (string, error) {
	if offset == 0 {
		return "", nil
	}
	text := make([]byte, min(offset, before))
	if _, err := f.ReadAt(text, offset-int64(len(text))); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}
