package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"busbar/common/daemon"
)

// readMail reads a mail that a person named: any file, or "-" for standard
// input. Its time of arrival is the file's.
func readMail(p *daemon.Program, path string) ([]byte, time.Time, error) {
	if path == "-" {
		raw, err := io.ReadAll(p.Stdin)
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("reading standard input: %w", err)
		}
		return raw, time.Now(), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading a mail: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading a mail: %w", err)
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading a mail: %w", err)
	}
	return raw, info.ModTime(), nil
}
