package config

import (
	"fmt"
	"path/filepath"
)

// Lines is the [lines] table: a way out into a file.
type Lines struct {
	File string `toml:"file" doc:"File to which each message is appended as one line of JSON, durably; this program alone writes it, and logrotate may rename it. Empty: none."`
	From string `toml:"from" doc:"Where a new file's lines begin, if nothing was written to one yet: start (the oldest message that is kept) or now."`
}

func (c Lines) check() error {
	if c.File != "" && !filepath.IsAbs(c.File) {
		return fmt.Errorf("checking [lines] file: %q is no absolute path", c.File)
	}
	return checkFrom("lines", c.From)
}

// Start and Now are what from may be.
const (
	Start = "start"
	Now   = "now"
)

func checkFrom(table, from string) error {
	if from != Start && from != Now {
		return fmt.Errorf("checking [%s] from: %q is neither %s nor %s", table, from, Start, Now)
	}
	return nil
}
