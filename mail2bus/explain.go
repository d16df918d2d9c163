package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"busbar/common/mail"
	"busbar/common/program"
)

// Explain shows a mail, or those below a directory.
func (c *Config) Explain(p *program.Env, name string, show program.Show) error {
	files, err := expand(name)
	for _, f := range files {
		err = errors.Join(err, c.explain(p, f, show))
	}
	return err
}

// explain reads a mail up to one byte more than the limit, as the daemon does.
func (c *Config) explain(p *program.Env, path string, show program.Show) error {
	in, received, err := p.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	limit := int64(c.Mail.Limit)
	raw, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err != nil {
		return fmt.Errorf("reading a mail: %w", err)
	}
	it := newItem(path, raw, received, limit)
	return show(it, it.Value.(*mail.Message).Defects...)
}

// expand gives the mails below a directory, or the file itself.
func expand(path string) ([]string, error) {
	info, err := os.Stat(path)
	if path == "-" || err == nil && !info.IsDir() {
		return []string{path}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("explaining: %w", err)
	}
	// A Maildir is often a link to one.
	root, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("explaining: %w", err)
	}
	var files []string
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		dir := filepath.Base(filepath.Dir(p))
		if d.Type().IsRegular() && (dir == "new" || dir == "cur" || strings.HasSuffix(p, ".eml") || strings.HasSuffix(p, ".mail")) {
			files = append(files, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("explaining: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("explaining: there is no mail below %s (files in new/ or cur/, or ending in .eml or .mail)", path)
	}
	slices.Sort(files)
	return files, nil
}
