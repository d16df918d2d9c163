// Package ask runs the programs of version control systems and reads what they
// print.
//
// They run without the environment of the hook or the daemon: only PATH, HOME
// and what the caller names, so that nothing of a push's own state leaks in.
package ask

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// A Program is one that can be asked about one directory.
type Program struct {
	Name string
	Args []string // before all others
	Dir  string
	Env  []string // beside PATH, HOME and XDG_CONFIG_HOME
}

// Git is git, asked about one repository. The error says what to do where git distrusts
// its owner.
func Git(ctx context.Context, dir string) (Program, error) {
	p := Program{Name: "git", Args: []string{"--git-dir=" + dir}, Dir: dir, Env: []string{
		"LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "GIT_PAGER=cat",
	}}
	const most = 4096
	_, err := p.Text(ctx, most, nil, "rev-parse", "--git-dir")
	if err != nil && strings.Contains(err.Error(), "dubious ownership") {
		err = fmt.Errorf("%w (run as the repositories' user, or git config --system --add safe.directory %s)", err, dir)
	}
	return p, err
}

// Text gives all that a command prints, at most most bytes.
func (p Program) Text(ctx context.Context, most int64, input io.Reader, args ...string) (string, error) {
	var text []byte
	err := p.Read(ctx, input, func(out *bufio.Reader) (err error) {
		text, err = io.ReadAll(io.LimitReader(out, most))
		if err == nil {
			_, err = io.Copy(io.Discard, out)
		}
		return err
	}, args...)
	return string(text), err
}

// Read runs a command and reads what it prints. The error ends with what the
// program said.
func (p Program) Read(ctx context.Context, input io.Reader, read func(*bufio.Reader) error, args ...string) error {
	fail := func(err error, said string) error {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return fmt.Errorf("running %s %s in %s: %w: %s", p.Name, args[0], p.Dir, err, strings.TrimSpace(said))
	}
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(running, p.Name, append(append([]string{}, p.Args...), args...)...)
	cmd.Dir, cmd.Stdin, cmd.Env = p.Dir, input, p.environment()
	var stderr bytes.Buffer
	cmd.Stderr = &limited{&stderr, 4096}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fail(err, "")
	}
	if err = read(bufio.NewReaderSize(out, 64<<10)); err != nil {
		cancel() // it may wait for somebody to read
	}
	if werr := cmd.Wait(); err == nil {
		err = werr
	}
	if err != nil {
		return fail(err, stderr.String())
	}
	return nil
}

func (p Program) environment() []string {
	env := append([]string{}, p.Env...)
	for _, name := range []string{"PATH", "HOME", "XDG_CONFIG_HOME"} {
		if v := os.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// Status is what a program ended with; -1: it did not run, or was killed.
func Status(err error) int {
	var e *exec.ExitError
	if errors.As(err, &e) {
		return e.ExitCode()
	}
	return -1
}

// limited keeps the first bytes of what is written.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	keep := p[:min(len(p), l.left)]
	l.left -= len(keep)
	if _, err := l.w.Write(keep); err != nil {
		return 0, err
	}
	return len(p), nil
}
