package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/alecthomas/kong"
	"golang.org/x/sys/unix"

	"busbar/common/config"
	"busbar/common/exit"
	"busbar/common/manual"
	"busbar/common/secret"
	"busbar/common/show"
)

// An Env is what the shared commands know of the program that they are in.
// Everything that it touches of the outside comes through here, so that tests
// can run the real program.
type Env struct {
	Name           string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Environ        func() []string // os.Environ; nil: no variable is looked for
	// Config is a new configuration that holds the defaults; nil: the program has none
	// of an adapter's commands.
	Config func() Config
	// Defaults is for a program without Config: a pointer to a struct of its
	// configuration that holds the defaults, and what completes it.
	Defaults func() (defaults any, complete func() error)
	About    []string         // paragraphs that follow the description in the manual
	Examples []manual.Example // for --help and the manual
	PageEach bool             // in the manual each command has a page
	Context  context.Context  // a daemon ends with it; nil: with a signal alone

	level      slog.LevelVar // of the log
	levelFixed bool          // by a flag
	args       []string      // of Main
}

// Process is the Env of a process.
func Process(name string) *Env {
	return &Env{Name: name, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ}
}

// Globals are the flags that every adapter has.
type Globals struct {
	Config   string      `help:"Read this file alone, instead of the files in /etc/busbar." placeholder:"FILE" type:"path"`
	Set      []string    `help:"Override one configuration key, such as bus.environment=dev. May be repeated." placeholder:"KEY=VALUE" sep:"none"`
	Debug    bool        `help:"Log more: also one line for each message published."`
	Released versionFlag `name:"version" help:"Print the version."`

	Manual manualCommand `cmd:"" hidden:"" help:"Write manual pages and completions, for packages."`
}

// Source is where the flags say that the configuration is.
func (g Globals) Source(p *Env) config.Source {
	return config.Source{Program: p.Name, File: g.Config, Set: g.Set, Getenv: p.Getenv, Environ: p.Environ, Level: p.setLevel}
}

// Main parses args into cli, a kong grammar, runs the command that they name,
// and returns the exit code. Commands get the Env and what bindings add.
func (p *Env) Main(cli any, description string, args []string, bindings ...any) int {
	SoftMemory(softMemory)
	p.args = args
	status, exited := exit.OK, false
	parser, err := grammar(p.Name, description, cli,
		kong.Help(p.help), kong.Writers(p.Stdout, p.Stderr), kong.Bind(append(bindings, p)...),
		kong.Exit(func(code int) { status, exited = code, true }), // --help
	)
	if err != nil {
		return p.report(err)
	}
	ctx, err := parser.Parse(args)
	switch {
	case exited:
		return status
	case err != nil:
		return p.report(&exit.Error{Code: exit.Usage, Err: fmt.Errorf("%w (see %s --help)", err, p.Name)})
	}
	leaf := &Selected{}
	if n := ctx.Selected(); n != nil {
		leaf.Leaf = n.Name
	}
	return p.report(ctx.Run(leaf, &Grammar{parser.Model}))
}

func (p *Env) report(err error) int {
	if err == nil {
		return exit.OK
	}
	w := p.Stderr
	if p.toJournal() {
		w = prefixed{w, priorities[0]}
	}
	// Other programs' libraries put whole addresses into what they say.
	show.Fprintf(w, "%s: %v\n", p.Name, errors.New(secret.Scrub(err.Error())))
	var e *exit.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return exit.Failure
}

// Terminal says that standard output is one, and no file or pipe.
func (p *Env) Terminal() bool { return terminal(p.Stdout) }

// terminal says that a person is at the other end; /dev/null is a device, too.
func terminal(end any) bool {
	f, ok := end.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// Selected names the innermost command that was chosen, for commands that share
// one Run method.
type Selected struct{ Leaf string }
