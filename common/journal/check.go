package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"busbar/common/event"
)

// tailLength is how many of the newest messages are checked at open.
const tailLength = 64

// minFile is the smallest page, and so the smallest file, that SQLite knows.
const minFile = 512

// openChecked opens a journal for reading and checks what is quick to check. It
// changes nothing.
func openChecked(ctx context.Context, path string) (*Reader, state, error) {
	if err := checkFile(path); err != nil {
		return nil, state{}, err
	}
	if err := checkWAL(real(path) + "-wal"); err != nil {
		return nil, state{}, err
	}
	db, err := connectReader(path)
	if err != nil {
		return nil, state{}, err
	}
	r := &Reader{db: db, path: path}
	s, err := r.check(ctx)
	if err != nil {
		return nil, state{}, errors.Join(err, db.Close())
	}
	return r, s, nil
}

func checkFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w; check the path, or start the program that writes it", ErrMissing)
	case err != nil:
		return explain(err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: it is not a regular file; check the path", ErrForeign)
	case info.Size() == 0:
		return fmt.Errorf("%w; %s", ErrEmpty, adviceCorrupt)
	case info.Size() < minFile:
		return fmt.Errorf("%w: it was cut to %d bytes; %s", ErrCorrupt, info.Size(), adviceCorrupt)
	}
	return nil
}

func (r *Reader) check(ctx context.Context) (state, error) {
	tx, err := r.db.BeginTx(ctx, nil) // one moment of the file for all questions
	if err != nil {
		return state{}, explain(err)
	}
	defer tx.Rollback()
	var app, version int64
	if err := tx.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app); err != nil {
		return state{}, explain(err)
	}
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return state{}, explain(err)
	}
	switch {
	case app != applicationID:
		return state{}, fmt.Errorf("%w: its application id is %#x; %s", ErrForeign, app, adviceForeign)
	case version > schemaVersion:
		return state{}, fmt.Errorf("%w: its version is %d, this program knows %d; install the newer program again", ErrNewer, version, schemaVersion)
	case version < 1:
		return state{}, fmt.Errorf("%w: its version is %d, and there was never one; %s", ErrForeign, version, adviceForeign)
	case version < schemaVersion:
		return state{}, fmt.Errorf("%w: its version is %d, this program's %d; start the program that writes it, which brings it up", ErrOlder, version, schemaVersion)
	}
	s, err := loadState(ctx, tx)
	if err != nil {
		return s, err
	}
	return s, s.checkTail(ctx, tx)
}

// checkTail recomputes the newest end of the chain.
func (s state) checkTail(ctx context.Context, q querier) error {
	c := chain{state: s, seq: max(s.baseSeq, s.headSeq-tailLength), hash: s.baseHash}
	if c.seq > s.baseSeq {
		err := q.QueryRowContext(ctx, "SELECT hash FROM messages WHERE seq = ?", c.seq).Scan(&c.hash)
		if err != nil {
			return fmt.Errorf("reading message %d: %w", c.seq, corrupt(ctx, err))
		}
	}
	for c.seq < s.headSeq {
		batch, err := after(ctx, q, c.seq, tailLength)
		if err != nil {
			return corrupt(ctx, err)
		}
		if len(batch) == 0 {
			return fmt.Errorf("%w: messages after %d are missing, the newest is %d; %s", ErrCorrupt, c.seq, s.headSeq, adviceCorrupt)
		}
		for _, m := range batch {
			if _, faults := c.next(m); len(faults) > 0 {
				return fmt.Errorf("%w: message %d: %s; %s", ErrCorrupt, m.Seq, faults[0], adviceCorrupt)
			}
		}
	}
	if c.hash != s.headHash {
		return fmt.Errorf("%w: its newest message is not the one that it remembers; %s", ErrCorrupt, adviceCorrupt)
	}
	return nil
}

// chain walks messages in order and says what does not fit.
type chain struct {
	state state
	seq   int64
	hash  string
}

// next checks m against the message before it and against its own bytes. It
// returns the parsed message where it can be parsed.
func (c *chain) next(m Message) (tree map[string]any, faults []string) {
	fault := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Sprintf(format, args...))
		}
	}
	fault(m.Seq == c.seq+1, "a gap: %d stands before it", c.seq)
	fault(m.Prev == c.hash || m.Seq != c.seq+1, "the chain is broken: it does not name the hash of the message before it")
	c.seq, c.hash = m.Seq, m.Hash
	tree, e, err := event.ParseMessage(m.Wire)
	if err != nil {
		fault(false, "%v", err)
		return nil, faults
	}
	hash, err := event.Hash(tree)
	fault(err == nil && hash == m.Hash, "its bytes do not have its hash")
	fault(e.Seq == m.Seq && e.MsgID == m.ID && e.Topic == m.Topic && e.Prev == m.Prev && e.Timestamp == m.Time.Unix(),
		"its columns and its bytes differ")
	fault(e.Epoch == c.state.epoch && e.Publisher == c.state.Name, "it is of another sequence: %s of %s", e.Epoch, e.Publisher)
	return tree, faults
}
