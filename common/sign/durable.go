package sign

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"busbar/common/durable"
)

// A disk makes files appear whole or not at all, and for good: each step of a
// command can be its last, and the same command again must finish it. stop, of
// tests, ends it there.
type disk struct {
	stop func(step string) error
}

func (d disk) step(name string) error {
	if d.stop == nil {
		return nil
	}
	return d.stop(name)
}

// temporary is how files begin that are not whole yet.
const temporary = ".new-"

// create makes a new file. One that exists is an error.
func (d disk) create(name string, text []byte, mode os.FileMode) error {
	return d.put(name, text, mode, os.Link)
}

// replace puts a file in the place of another, if there is one, in one step.
func (d disk) replace(name string, text []byte, mode os.FileMode) error {
	return d.put(name, text, mode, os.Rename)
}

func (d disk) put(name string, text []byte, mode os.FileMode, place func(from, to string) error) error {
	if err := d.step("before " + filepath.Base(name)); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), temporary+"*") // mode 0600
	if err != nil {
		return err
	}
	err = writeSync(f, text)
	if err == nil {
		err = os.Chmod(f.Name(), mode)
	}
	if err == nil {
		if err := d.step("in " + filepath.Base(name)); err != nil {
			return err // as a cut would leave it
		}
		err = place(f.Name(), name)
	}
	if rerr := os.Remove(f.Name()); err == nil && rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
		err = rerr
	}
	if err != nil {
		return err
	}
	if err := durable.SyncDir(filepath.Dir(name)); err != nil {
		return err
	}
	return d.step("after " + filepath.Base(name))
}

func writeSync(f *os.File, text []byte) error {
	_, err := f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// lockFile waits until no other program holds the lock. The kernel frees it
// with the process.
func lockFile(name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}
