package hook

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
)

const (
	// MaxInput bounds a hook's standard input: a hundred thousand ref updates
	// are some 15 MiB. What is longer is found by comparing the refs.
	MaxInput = 16 << 20
	// Suffix ends the name of every finished spool file.
	Suffix = ".push"
	// Hidden begins the name of a file that is being written.
	Hidden = ".new-"
)

// Write puts n and what input says into the spool. When it returns nil the file
// is on disk under its name. Names sort by n.Time.
func Write(dir string, n Notice, input io.Reader) (err error) {
	nanos := strconv.FormatInt(n.Time.UnixNano(), 10)
	for len(nanos) < 19 {
		nanos = "0" + nanos
	}
	name := nanos + "-" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatUint(rand.Uint64(), 16) + Suffix
	temp := dir + "/" + Hidden + name
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return failed(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err = fill(f, n, input); err == nil {
		err = os.Rename(temp, dir+"/"+name)
	}
	if err != nil {
		return failed(errors.Join(err, os.Remove(temp)))
	}
	return failed(keepName(dir, f))
}

func failed(err error) error {
	if err == nil {
		return nil
	}
	return errors.New("writing into the spool: " + err.Error())
}

func fill(f *os.File, n Notice, input io.Reader) error {
	if _, err := f.Write(n.head(false)); err != nil {
		return err
	}
	size, err := io.Copy(f, io.LimitReader(input, MaxInput+1))
	if err != nil {
		return err
	}
	if size > MaxInput {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if err := f.Truncate(0); err != nil {
			return err
		}
		if _, err := f.Write(n.head(true)); err != nil {
			return err
		}
	}
	// The daemon may be another user than who pushes.
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	return f.Sync()
}

// keepName brings the file's new name to disk. Who may not read the spool
// cannot open it for that; then the file itself is synced once more, which
// carries the renaming along on file systems with a journal (ext4, xfs, btrfs).
func keepName(dir string, f *os.File) error {
	d, err := os.Open(dir)
	if errors.Is(err, syscall.EACCES) {
		if err := f.Chmod(0o644); err != nil { // something to write
			return err
		}
		return f.Sync()
	}
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
