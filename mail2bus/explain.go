package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/program"
)

type explainCmd struct {
	JSON  bool     `help:"Print one JSON object a line for each mail."`
	Items []string `arg:"" name:"file|id" help:"Mails, directories of them (files in new/ and cur/, or ending in .eml or .mail), or ids in the journal. '-' is standard input."`
}

// Run shows what each item becomes, as the daemon would do it.
func (c explainCmd) Run(p *program.Env, g *program.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	var failed error
	for _, arg := range c.Items {
		if _, err := event.IDUUID(arg); err == nil {
			failed = errors.Join(failed, program.ExplainID(context.Background(), p, cfg.Bus.Journal, arg, c.JSON))
			continue
		}
		files, err := expand(arg)
		if err != nil {
			failed = errors.Join(failed, err)
		}
		for _, f := range files {
			if err := c.explain(p, cfg, f); err != nil {
				failed = errors.Join(failed, err)
			}
		}
	}
	return failed
}

func (c explainCmd) explain(p *program.Env, cfg Config, path string) error {
	raw, received, err := readMail(p, path, int64(cfg.Mail.Limit))
	if err != nil {
		return err
	}
	it := newItem(path, raw, received, int64(cfg.Mail.Limit))
	x, err := program.Explain(table(cfg), it, cfg.Bus)
	if err != nil {
		return err
	}
	x.Tolerated = it.Value.(*mail.Message).Defects
	return x.Print(p.Stdout, c.JSON)
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
