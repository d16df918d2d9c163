package maildir

import (
	"bytes"
	"cmp"
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

	"golang.org/x/sys/unix"

	"busbar/common/durable"
)

var (
	errNotYet  = errors.New("it is still being written")
	errNotMail = errors.New("it is not a regular file")
	errPlanted = errors.New("it is a hard link to a file elsewhere")
	errChanged = errors.New("it has changed")
)

// Where no lease can be had (other owner, network file system), a file is taken
// once nothing has happened to it for this long.
const settled = 2 * time.Second

// list returns the names of the files in new/ in the order of arrival that they
// tell, which is their own: Maildir names begin with the time. What is no file
// is odd. Names that begin with a dot are nobody's business (maildir(5)).
func list(dir string) (names, odd []string, err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.Type().IsRegular():
			names = append(names, e.Name())
		default:
			odd = append(odd, e.Name())
		}
	}
	slices.Sort(names)
	return names, odd, nil
}

// read reads a mail, if it is whole.
func (c *Channel) read(name string) (Mail, error) {
	path := filepath.Join(c.o.Dir, "new", name)
	// Not blocking: somebody may have put a FIFO there since it was listed.
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENXIO): // a symbolic link, a socket
		return Mail{}, errNotMail
	case err != nil:
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
	if c.planted(name, info) {
		return Mail{}, errPlanted
	}
	if !whole(f, info, c.o.Spool) {
		return Mail{}, errNotYet
	}
	raw := bytes.NewBuffer(make([]byte, 0, min(info.Size(), c.o.Limit)+bytes.MinRead))
	if _, err := raw.ReadFrom(io.LimitReader(f, c.o.Limit+1)); err != nil {
		return Mail{}, fmt.Errorf("reading %s: %w", path, err)
	}
	m := Mail{Name: name, Raw: raw.Bytes(), Arrived: info.ModTime(), Owner: -1, file: info}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		m.Owner = int(s.Uid)
	}
	m.Truncated = int64(raw.Len()) > c.o.Limit
	return m, nil
}

// planted reports whether a file also has a name elsewhere: whoever may write here
// could otherwise have files published that only we may read. A delivery's own has one in
// tmp/ for a moment, or for good where it was killed. In a Maildir, mail readers
// that copy by linking are its owner's.
func (c *Channel) planted(name string, info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || s.Nlink < 2 {
		return false
	}
	twin, err := os.Lstat(filepath.Join(c.o.Dir, "tmp", name))
	if s.Nlink == 2 && err == nil && os.SameFile(twin, info) {
		return false
	}
	home, err := os.Stat(c.o.Dir)
	if err != nil {
		return true
	}
	owner, ok := home.Sys().(*syscall.Stat_t)
	return c.o.Spool || !ok || owner.Uid != s.Uid
}

// whole reports whether the file is complete. A rename or a link brings a whole
// file; a program that writes in place does not, and the kernel knows: it gives
// a read lease only while nobody has the file open for writing (fcntl(2)).
func whole(f *os.File, info fs.FileInfo, spool bool) bool {
	quiet := time.Since(changed(info)) > settled
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	switch {
	case err == nil:
		_, _ = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
		// An empty file was perhaps made, and will be opened to be written.
		return spool || quiet || info.Size() > 0
	case errors.Is(err, unix.EAGAIN) && !remote(f):
		return false // somebody is writing
	}
	return spool || quiet
}

// changed is when anything last happened to the file. Unlike the time of
// modification, nobody can set it, not even into the future.
func changed(info fs.FileInfo) time.Time {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(s.Ctim.Unix())
	}
	return info.ModTime()
}

// remote reports whether a file is on a file system that refuses a lease, as if it
// were being written, whenever their server has not promised it to this machine.
func remote(f *os.File) bool {
	var s unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &s) != nil {
		return false
	}
	const cifs, smb2 = 0xFF534D42, 0xFE534D42
	return slices.Contains([]uint32{unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, cifs, smb2}, uint32(s.Type))
}

// dispose takes a mail out of new/, unless it was written to since it was read.
func (c *Channel) dispose(m Mail) error {
	old := filepath.Join(c.o.Dir, "new", m.Name)
	now, err := os.Lstat(old)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // somebody else took it
	case err != nil:
		return err
	case now.Size() != m.file.Size() || !now.ModTime().Equal(m.file.ModTime()) || !os.SameFile(now, m.file):
		return errChanged
	}
	if (c.o.Spool || c.discarded(m.Name)) && !m.Truncated {
		err = os.Remove(old)
	} else {
		err = moveToCur(old, c.o.Dir, m.Name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		if _, gone := os.Lstat(old); errors.Is(gone, fs.ErrNotExist) {
			return nil
		}
	}
	return err
}

// moveToCur never replaces an older mail of the same name, such as one that a
// person copied into new/ under a name of their own.
func moveToCur(old, dir, name string) error {
	base, flags, _ := strings.Cut(name, ":2,")
	err := renameNew(old, filepath.Join(dir, "cur", base+":2,"+flags))
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	other, err := uniqueName()
	if err != nil {
		return err
	}
	return renameNew(old, filepath.Join(dir, "cur", base+"."+other+":2,"+flags))
}

func renameNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // not every file system can
		if _, there := os.Lstat(to); there == nil {
			return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
		}
		err = unix.Rename(from, to)
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// ErrNotMaildir is wrapped where a directory holds something else.
var ErrNotMaildir = errors.New("it is no Maildir: none of new/, cur/ and tmp/ is there")

// IsMaildir reports why dir is not one. A mistyped name must not be turned into
// one, nor a disk that is not mounted be hidden; a spool may be empty before it is
// used.
func IsMaildir(dir string, spool bool) error {
	parent, err := os.Stat(dir)
	if err == nil && !parent.IsDir() {
		err = &fs.PathError{Op: "stat", Path: dir, Err: unix.ENOTDIR}
	}
	if err != nil {
		return fmt.Errorf("%w (make it with `maildirmake`, so that this program's user can write there)", err)
	}
	for _, sub := range subdirs {
		if info, err := os.Stat(filepath.Join(dir, sub)); err == nil && info.IsDir() {
			return nil
		}
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.ReadDir(1); spool && errors.Is(err, io.EOF) {
		return nil
	}
	if spool {
		return fmt.Errorf("%s: %w, and it is not empty (name a directory of its own for the spool)", dir, ErrNotMaildir)
	}
	return fmt.Errorf("%s: %w (correct the name, or make one with `maildirmake`)", dir, ErrNotMaildir)
}

var subdirs = [...]string{"tmp", "new", "cur"}

// makeDirs makes what is missing of a Maildir, durably.
func makeDirs(dir string, spool bool) error {
	if err := IsMaildir(dir, spool); err != nil {
		return err
	}
	parent, err := os.Stat(dir)
	if err != nil {
		return err
	}
	var failed error
	made := false
	for _, sub := range subdirs {
		path := filepath.Join(dir, sub)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		failed = cmp.Or(failed, mkdirLike(parent, path))
		made = true
	}
	if failed != nil || !made {
		return failed
	}
	return durable.SyncDir(dir)
}

// mkdirLike makes a directory that the same people may use as its parent: a
// spool is often shared by a group.
func mkdirLike(parent fs.FileInfo, path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil // another delivery was faster
		}
		return err
	}
	return os.Chmod(path, parent.Mode().Perm()|parent.Mode()&fs.ModeSetgid)
}
