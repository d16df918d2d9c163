package maildir

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"busbar/common/durable"
)

// mayNot adds who this is, and who it should be: mail systems start commands as users and
// without groups that nobody thinks of.
func mayNot(err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w (this program runs as %s: have it run as busbar, or as a user whose primary group may write there)", err, self())
}

// Deliver writes one mail into the Maildir and returns its name once it cannot
// be lost: the file is written in tmp/, fsynced, linked into new/, and new/ is
// fsynced. On an error nothing is left in new/, unless a reader was faster.
func Deliver(dir string, mail io.Reader) (string, error) {
	if err := makeDirs(dir, true); err != nil {
		return "", fmt.Errorf("opening the spool: %w", mayNot(err))
	}
	name, err := uniqueName()
	if err != nil {
		return "", err
	}
	tmp, final := filepath.Join(dir, "tmp", name), filepath.Join(dir, "new", name)
	defer os.Remove(tmp)
	if err := writeSynced(tmp, mail); err != nil {
		return "", fmt.Errorf("writing the mail to the spool: %w", mayNot(err))
	}
	// link, not rename: it never replaces a mail.
	if err := os.Link(tmp, final); err != nil {
		return "", fmt.Errorf("moving the mail into the spool: %w", err)
	}
	if err := durable.SyncDir(filepath.Join(dir, "new")); err != nil {
		// The mail system will deliver it again. If the daemon has it already,
		// ids make that harmless.
		os.Remove(final)
		return "", fmt.Errorf("making the spool durable: %w", err)
	}
	return name, nil
}

func writeSynced(path string, r io.Reader) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	// Whoever may read the directory may read the mail, whatever umask the mail
	// system has (Postfix: 077): the daemon is often another user of the group.
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	if err := f.Chmod(0o600 | dir.Mode().Perm()&0o040); err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		return err
	}
	return f.Sync()
}

// uniqueName follows maildir(5): time, something unique, host.
func uniqueName() (string, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("naming the mail: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	now := time.Now()
	return fmt.Sprintf("%d.M%06dP%dR%s.%s", now.Unix(), now.Nanosecond()/1000, os.Getpid(), hex.EncodeToString(b[:]), host), nil
}

// maxTmpAge is when a file in tmp/ belongs to nobody (maildir(5): 36 hours).
const maxTmpAge = 36 * time.Hour

// Sweep removes what dead deliveries left in tmp/ and reports how many files
// that were. They were never acknowledged, so nothing is lost.
func Sweep(dir string) (int, error) {
	entries, err := os.ReadDir(filepath.Join(dir, "tmp"))
	if err != nil {
		return 0, fmt.Errorf("sweeping the spool: %w", err)
	}
	n := 0
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < maxTmpAge {
			continue
		}
		if os.Remove(filepath.Join(dir, "tmp", e.Name())) == nil {
			n++
		}
	}
	return n, nil
}

// Writable reports whether mails can be delivered into and taken from dir. What
// Open and Deliver would make need not be there yet.
func Writable(dir string) error {
	for _, path := range []string{dir, filepath.Join(dir, "tmp"), filepath.Join(dir, "new"), filepath.Join(dir, "cur")} {
		err := unix.Access(path, unix.W_OK|unix.X_OK|unix.R_OK)
		if errors.Is(err, unix.ENOENT) && path != dir {
			err = unix.Access(dir, unix.W_OK|unix.X_OK)
		}
		if err != nil {
			return &fs.PathError{Op: "using", Path: path, Err: err}
		}
	}
	return nil
}
