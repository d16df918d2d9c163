package maildir

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Deliver writes one mail into the Maildir and returns its name once it cannot
// be lost: the file is written in tmp/, fsynced, moved to new/, and both
// directories that changed are fsynced. On an error nothing is left in new/.
func Deliver(dir string, mail io.Reader) (string, error) {
	if err := makeDirs(dir); err != nil {
		return "", err
	}
	name, err := uniqueName()
	if err != nil {
		return "", err
	}
	tmp, final := filepath.Join(dir, "tmp", name), filepath.Join(dir, "new", name)
	if err := writeSynced(tmp, mail); err != nil {
		os.Remove(tmp)
		return "", fmt.Errorf("writing the mail to the spool: %w", err)
	}
	// link, not rename: it never replaces a mail.
	if err := os.Link(tmp, final); err != nil {
		os.Remove(tmp)
		return "", fmt.Errorf("moving the mail into the spool: %w", err)
	}
	if err := syncDir(filepath.Join(dir, "new")); err != nil {
		// The mail may be seen by the daemon all the same; the MTA delivers
		// again, and ids make that harmless.
		return "", fmt.Errorf("making the spool durable: %w", err)
	}
	os.Remove(tmp)
	return name, nil
}

func writeSynced(path string, r io.Reader) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	if _, err := io.Copy(f, r); err != nil {
		return err
	}
	return f.Sync()
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
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

// Writable reports whether mails can be delivered into and taken from dir.
func Writable(dir string) error {
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := unix.Access(filepath.Join(dir, sub), unix.W_OK|unix.X_OK|unix.R_OK); err != nil {
			return fmt.Errorf("checking %s: %w", filepath.Join(dir, sub), err)
		}
	}
	return nil
}
