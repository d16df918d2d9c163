package maildir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

var (
	errNotYet  = errors.New("it is still being written")
	errNotMail = errors.New("it is not a regular file")
)

// Where no lease can be had (other owner, network file system), a file is taken
// once nobody has written to it for this long.
const settled = 2 * time.Second

// list returns the names of new/ in the order of arrival that they tell, which
// is their own: Maildir names begin with the time.
func list(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(n string) bool { return strings.HasPrefix(n, ".") })
	slices.Sort(names)
	return names, nil
}

// read reads a mail, if it is whole.
func (c *Channel) read(name string) (Mail, error) {
	path := filepath.Join(c.o.Dir, "new", name)
	// Not blocking: somebody may have put a FIFO there.
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ELOOP) {
		return Mail{}, errNotMail
	}
	if err != nil {
		return Mail{}, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Mail{}, err
	}
	if !info.Mode().IsRegular() {
		return Mail{}, errNotMail
	}
	if !whole(f, info) {
		return Mail{}, errNotYet
	}
	raw, err := io.ReadAll(io.LimitReader(f, c.o.Limit+1))
	if err != nil {
		return Mail{}, fmt.Errorf("reading %s: %w", path, err)
	}
	m := Mail{Name: name, Raw: raw, Arrived: info.ModTime()}
	if int64(len(raw)) > c.o.Limit {
		m.Truncated = true
	}
	return m, nil
}

// whole tells whether the file is complete. A rename or a link brings a whole
// file; a program that writes in place does not, and the kernel knows: it gives
// a read lease only while nobody has the file open for writing (fcntl(2)).
func whole(f *os.File, info fs.FileInfo) bool {
	quiet := time.Since(info.ModTime()) > settled
	if info.Size() == 0 {
		return quiet // created, and perhaps not yet opened for writing
	}
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	switch {
	case err == nil:
		_, _ = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
		return true
	case errors.Is(err, unix.EAGAIN):
		return false // somebody is writing
	}
	return quiet
}

// dispose takes a mail out of new/.
func (c *Channel) dispose(m Mail) error {
	old := filepath.Join(c.o.Dir, "new", m.Name)
	var err error
	if c.o.Remove && !m.Truncated {
		err = os.Remove(old)
	} else {
		name := m.Name
		if !strings.Contains(name, ":2,") {
			name += ":2,"
		}
		err = os.Rename(old, filepath.Join(c.o.Dir, "cur", name))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // somebody else took it
	}
	return err
}

// makeDirs makes what is missing of a Maildir, durably.
func makeDirs(dir string) error {
	made := false
	for _, sub := range []string{"tmp", "new", "cur"} {
		path := filepath.Join(dir, sub)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := mkdirLike(dir, path); err != nil {
			return fmt.Errorf("making the Maildir: %w", err)
		}
		made = true
	}
	if made {
		return syncDir(dir)
	}
	return nil
}

// mkdirLike makes a directory that the same people may use as its parent: a
// spool is often shared by a group.
func mkdirLike(parent, path string) error {
	info, err := os.Stat(parent)
	if err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil // another delivery was faster
		}
		return err
	}
	return os.Chmod(path, info.Mode().Perm()|info.Mode()&fs.ModeSetgid)
}
