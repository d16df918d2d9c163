package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"busbar/common/program"
)

// readMail reads a mail that a person named: any file, or "-" for standard
// input, up to one byte more than the limit, as the daemon does. Its time of
// arrival is the file's.
func readMail(p *program.Env, path string, limit int64) ([]byte, time.Time, error) {
	if path == "-" {
		raw, err := io.ReadAll(io.LimitReader(p.Stdin, limit+1))
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
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading a mail: %w", err)
	}
	return raw, info.ModTime(), nil
}
