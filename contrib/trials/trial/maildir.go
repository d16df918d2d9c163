package trial

import (
	"errors"
	"os"
	"path/filepath"
)

// A Maildir is one, at a path.
type Maildir string

// Make makes it.
func (m Maildir) Make() error {
	for _, dir := range []string{"", "tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(string(m), dir), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// Deliver delivers as a mail system does: written in tmp/, moved to new/.
func (m Maildir) Deliver(name string, mail []byte) error {
	tmp := filepath.Join(string(m), "tmp", name)
	if err := os.WriteFile(tmp, mail, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(string(m), "new", name))
}

// Waiting is how many mails wait in new/; where there is none, 0.
func (m Maildir) Waiting() (int, error) {
	entries, err := os.ReadDir(filepath.Join(string(m), "new"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	return len(entries), err
}
