package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"busbar/common/durable"
	"busbar/common/sqlfile"
)

// rescued is where a journal is saved whose files were taken away.
func rescued(path string) string { return path + ".rescued" }

// rescue copies the journal out of the files that are still open, though they
// have no name any more.
func (j *Journal) rescue(ctx context.Context) (string, error) {
	part, whole := rescued(j.o.Path)+".part", rescued(j.o.Path)
	if err := sqlfile.Discard(part); err != nil {
		return "", err
	}
	if _, err := j.db.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return "", errors.Join(err, sqlfile.Discard(part))
	}
	s, err := lookAt(ctx, part)
	if err == nil && (s.epoch != j.epoch || s.headSeq < j.state.headSeq) {
		err = errors.New("the copy is not whole")
	}
	if err == nil {
		err = syncFile(part)
	}
	if err == nil {
		err = os.Rename(part, whole)
	}
	if err != nil {
		return "", errors.Join(err, sqlfile.Discard(part))
	}
	return whole, durable.SyncDir(filepath.Dir(whole))
}

// lookAt checks a journal and closes it again.
func lookAt(ctx context.Context, path string) (state, error) {
	r, s, err := openChecked(ctx, path)
	if err != nil {
		return s, err
	}
	return s, r.Close()
}

// restore puts back what was saved, where the journal is gone or has less. What
// it replaces is moved aside.
func restore(ctx context.Context, path string) (bool, error) {
	if _, err := os.Stat(rescued(path)); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, explain(err)
	}
	saved, err := lookAt(ctx, rescued(path))
	if err != nil {
		return false, fmt.Errorf("reading %s, which was saved when the journal's files were taken away: %w", rescued(path), err)
	}
	there, err := lookAt(ctx, path)
	switch {
	case errors.Is(err, ErrMissing):
	case err == nil && there.epoch != saved.epoch:
		return false, fmt.Errorf("%w: %s holds another sequence than %s, which was saved when the journal's files were taken away; "+
			"move one of the two aside", ErrForeign, path, rescued(path))
	case err == nil && there.headSeq >= saved.headSeq:
		return false, errors.Join(os.Rename(rescued(path), rescued(path)+".old"), durable.SyncDir(filepath.Dir(path)))
	case err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrEmpty):
		return false, err
	}
	// A log that outlived its journal must not be replayed into the copy, which
	// holds all of it.
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(path+suffix, path+suffix+".old"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, explain(err)
		}
	}
	if err := os.Rename(rescued(path), path); err != nil {
		return false, fmt.Errorf("putting back what was saved: %w", err)
	}
	return true, durable.SyncDir(filepath.Dir(path))
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
