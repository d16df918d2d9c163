package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"busbar/common/program"
	"busbar/scmhook/feed"
	"busbar/scmhook/hook"
	"busbar/scmhook/spool"
)

// check looks at the spool and the repositories.
func (c *Config) check(ctx context.Context, p *program.Env) []program.Finding {
	return append([]program.Finding{checkSpool(c.SCM.Spool), checkHookSpool(p, c)}, checkRepositories(ctx, c)...)
}

// checkSpool tries to write as a hook does, and to read as the daemon does.
func checkSpool(dir string) program.Finding {
	f := program.Finding{What: "spool", Level: "warn"}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.Detail = dir + " is not there; the daemon makes it when it starts, for its own user alone (mode 1733 lets every pusher write)"
		return f
	case err != nil:
		return program.Found("spool", err, "")
	}
	names, err := spool.List(dir)
	if err != nil {
		return program.Found("spool", fmt.Errorf("%w (the daemon must own it)", err), "")
	}
	probe, err := os.CreateTemp(dir, hook.Hidden+"check-")
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		return program.Found("spool", fmt.Errorf("writing there: %w", err), "")
	}
	return program.Found("spool", nil, fmt.Sprintf("%s, mode %04o, %d files waiting", dir, unixMode(info.Mode()), len(names)))
}

func unixMode(m fs.FileMode) uint32 {
	mode := uint32(m.Perm())
	if m&fs.ModeSticky != 0 {
		mode |= 0o1000
	}
	if m&fs.ModeSetgid != 0 {
		mode |= 0o2000
	}
	return mode
}

// checkHookSpool compares the place where hooks write with the one that is read.
func checkHookSpool(p *program.Env, cfg *Config) program.Finding {
	found := hook.Dir(p.Getenv)
	if found == cfg.SCM.Spool {
		return program.Found("hooks' spool", nil, "hooks find it without --spool")
	}
	return program.Finding{What: "hooks' spool", Level: "warn", Detail: fmt.Sprintf(
		"a hook without --spool writes into %s; write %s into %s, or let `scmhook install` say --spool in each hook", found, cfg.SCM.Spool, hook.PathFile)}
}

// checkRepositories asks each repository for its refs.
func checkRepositories(ctx context.Context, cfg *Config) []program.Finding {
	set, err := feed.NewSet(cfg.SCM.Repositories)
	if err != nil {
		return []program.Finding{program.Found("repositories", err, "")}
	}
	all, err := set.All()
	var findings []program.Finding
	if err != nil {
		findings = append(findings, program.Found("repositories", err, ""))
	}
	if len(all) == 0 {
		return append(findings, program.Finding{What: "repositories", Level: "fail", Detail: "[scm] repositories names none, so nothing can be published"})
	}
	o, err := hookOptions(cfg, "")
	if err != nil {
		return append(findings, program.Found("hooks", err, ""))
	}
	tools := map[string]string{"git": "git", "svn": "svnlook", "hg": "hg"}
	d := cfg.describer()
	for _, r := range all {
		if tool := tools[r.System]; tool != "" {
			delete(tools, r.System)
			_, err := exec.LookPath(tool)
			findings = append(findings, program.Found(r.System, err, tool+" is there"))
		}
		ctx, cancel := context.WithTimeout(ctx, time.Duration(cfg.SCM.Timeout))
		refs, err := d.References(ctx, r.System, r.Dir)
		cancel()
		findings = append(findings, program.Found("repository", err, fmt.Sprintf("%s %s, %d refs", r.System, r.Name, len(refs))))
	}
	for _, glob := range set.Empty() {
		findings = append(findings, program.Finding{What: "globs", Level: "warn", Detail: "no repository matches " + glob})
	}
	text, err := unwired(o, all)
	if err != nil {
		findings = append(findings, program.Found("hook", err, ""))
	}
	if text != "" {
		findings = append(findings, program.Finding{What: "hooks", Level: "warn", Detail: text + " (scmhook install)"})
	}
	return findings
}

// some is the beginning of a long list.
func some(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + ", …"
}
