package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"busbar/common/config"
	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/setup"
	"busbar/common/show"
)

// whom is whose look check takes: of the one who runs it, or where root does, of the
// unit's user. nil: of the one who runs it.
func (c CheckCommand) whom(p *Env, g *Globals, m *setup.Machine) (*setup.Account, *setup.Unit, error) {
	unit, err := m.Unit(p.Name)
	if err != nil && !errors.Is(err, setup.ErrNoUnit) {
		return nil, nil, err
	}
	var a setup.Account
	switch {
	case c.As != "":
		if a, err = m.User(c.As); err != nil {
			return nil, nil, &exit.Error{Code: exit.Usage, Err: err}
		}
		if unit != nil {
			if own, uerr := unit.Account(m); uerr == nil && own.UID == a.UID {
				a = own // with the groups that only the unit gives it
			}
		}
	case os.Geteuid() != 0 || unit == nil || g.Config != "" || g.Source(p).Etc() != config.Dir:
		return nil, nil, nil // it is not what the unit runs
	default:
		if a, err = unit.Account(m); err != nil {
			return nil, nil, &exit.Error{Code: exit.Config, Err: err}
		}
	}
	switch {
	case int(a.UID) == os.Geteuid():
		return nil, nil, nil
	case os.Geteuid() != 0:
		return nil, nil, &exit.Error{Code: exit.Usage, Err: fmt.Errorf("only root can look as %s does", a.Name)}
	}
	return &a, unit, nil
}

// again runs this program with args as that user: nothing is guessed from modes. What
// the unit gives the daemon, it gets: the unit's variables, and its credentials, which
// root alone may read, as descriptors.
func (c CheckCommand) again(p *Env, g *Globals, a *setup.Account, unit *setup.Unit, args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Args[0] = os.Args[0]
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: a.UID, Gid: a.GID, Groups: a.Groups}}
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "HOME=") })
	cmd.Env = append(cmd.Env, "HOME="+a.Home)
	names := []string{}
	if unit != nil && g.Config == "" {
		given, closing, err := credentials(unit, a)
		if err != nil {
			return err
		}
		defer closing()
		host, err := os.Hostname()
		if err != nil {
			return err
		}
		for _, v := range unit.Environment("\x00", host) {
			name, value, _ := strings.Cut(v, "=")
			if p.Getenv(name) != "" {
				continue // said by who runs this
			}
			if file, ok := strings.CutPrefix(value, "\x00/"); ok {
				secret, known := given[file]
				if !known {
					continue // the file is not there, and check says so of the configuration's own
				}
				value = fmt.Sprintf("/proc/self/fd/%d", 3+len(cmd.ExtraFiles))
				cmd.ExtraFiles = append(cmd.ExtraFiles, secret)
				names = append(names, value, unit.Credentials()[file])
			}
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	called := strings.NewReplacer(names...) // as a person calls them
	for line := range strings.Lines(called.Replace(out.String())) {
		show.Fprintln(p.Stdout, strings.TrimSuffix(line, "\n"))
	}
	text := strings.TrimSpace(called.Replace(strings.TrimPrefix(errs.String(), p.Name+": ")))
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() > 0 {
		return &exit.Error{Code: ended.ExitCode(), Err: errors.New(text)}
	}
	if err != nil {
		return fmt.Errorf("looking as %s does: %w: %s", a.Name, err, text)
	}
	if text != "" {
		show.Fprintf(p.Stderr, "%s\n", text)
	}
	return nil
}

// credentials are the files that systemd would give the daemon, in memory, as the
// daemon's own.
func credentials(unit *setup.Unit, a *setup.Account) (files map[string]*os.File, closing func(), err error) {
	files = map[string]*os.File{}
	closing = func() {
		for _, f := range files {
			f.Close()
		}
	}
	for name, path := range unit.Credentials() {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
		if err != nil {
			closing()
			return nil, nil, fmt.Errorf("giving a credential: %w", err)
		}
		f := os.NewFile(uintptr(fd), path)
		files[name] = f
		_, err = f.Write(text)
		if err == nil {
			err = errors.Join(f.Chmod(0o400), f.Chown(int(a.UID), int(a.GID)))
		}
		if err != nil {
			closing()
			return nil, nil, fmt.Errorf("giving a credential: %w", err)
		}
	}
	return files, closing, nil
}

// sandbox says what the unit's hardening keeps the daemon from, of the places that it
// needs.
func sandbox(unit *setup.Unit, cfg Config, sources []*Source) []Finding {
	if unit == nil {
		return nil
	}
	var list []Finding
	for _, s := range sources {
		for _, host := range s.Hosts {
			if why := unit.Unreached(host); why != "" {
				list = append(list, Finding{"unit", "fail", fmt.Sprintf("%s: %s %s", host, unit.Name, why), exit.Config})
			}
		}
		if s.Dir == "" {
			continue
		}
		if why := unit.Hidden(s.Dir); why != "" {
			list = append(list, Finding{"unit", "fail", fmt.Sprintf("%s: %s %s", s.Dir, unit.Name, why), exit.Config})
		}
	}
	if file := cfg.Common().Bus.Journal; strings.HasPrefix(file, config.StateDir) {
		if why := unit.Hidden(file); why != "" {
			list = append(list, Finding{"unit", "fail", fmt.Sprintf("%s: %s %s", file, unit.Name, why), exit.Config})
		}
	}
	return list
}

// recentRefusals is how far back refusals are looked for.
const recentRefusals = 24 * time.Hour

// seen looks as that user does, and beside it at what only root can see.
func (c CheckCommand) seen(p *Env, g *Globals, a *setup.Account, unit *setup.Unit, args []string) error {
	findings := []Finding{{What: "user", Level: "ok", Detail: fmt.Sprintf("what follows is seen as %s (uid %d, gid %d, groups %d)", a.Name, a.UID, a.GID, a.Groups)}}
	if cfg, err := p.load(g); err == nil { // else the user's own check says so
		findings = append(findings, sandbox(unit, cfg, cfg.Sources(g.Logger(p)))...)
	}
	refused, err := (&setup.Machine{}).Refusals(p.Name, time.Now().Add(-recentRefusals))
	if err != nil {
		findings = append(findings, Finding{What: "log", Level: "warn", Detail: err.Error()})
	}
	for _, r := range refused {
		findings = append(findings, Finding{What: strings.ToLower(r.By), Level: "warn", Detail: fmt.Sprintf("at %s it refused: %s (change the policy, or the place)", event.Stamp(r.Time), r.Text)})
	}
	ours := PrintFindings(p, findings, c.JSON)
	theirs := c.again(p, g, a, unit, args)
	if ours == nil {
		return theirs
	}
	if theirs == nil {
		return ours
	}
	return &exit.Error{Code: exit.Config, Err: errors.Join(ours, theirs)}
}
