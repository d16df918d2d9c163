package daemon

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"busbar/common/secret"
	"busbar/common/show"
)

// Exit codes, of sysexits(3): mail systems act on them.
const (
	ExitOK       = 0
	ExitFailure  = 1
	ExitUsage    = 64
	ExitData     = 65
	ExitTempFail = 75 // try again later: the MTA keeps the mail
	ExitConfig   = 78
)

// An ExitError ends a program with a code of its own.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *ExitError) Unwrap() error { return e.Err }

// Program is what the shared commands know of the program that they are in.
// Everything that it touches of the outside comes through here, so that tests
// can run the real program.
type Program struct {
	Name           string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Environ        func() []string // os.Environ; nil: no variable is looked for

	level      slog.LevelVar // of the log
	levelFixed bool          // by a flag
}

// Globals are the flags that every adapter has.
type Globals struct {
	Config string   `help:"Read this file alone, instead of the files in /etc/busbar." placeholder:"FILE" type:"path"`
	Set    []string `help:"Override one configuration key, such as bus.environment=dev. May be repeated." placeholder:"KEY=VALUE" sep:"none"`
	Debug  bool     `help:"Log more."`
}

// Source is where the flags say that the configuration is.
func (g Globals) Source(p *Program) Source {
	return Source{Program: p.Name, File: g.Config, Set: g.Set, Getenv: p.Getenv, Environ: p.Environ, level: p.setLevel}
}

// Main parses args into cli, a kong grammar, runs the command that they name,
// and returns the exit code. Commands get the Program and what bindings add.
func (p *Program) Main(cli any, description string, args []string, bindings ...any) int {
	SoftMemory(softMemory)
	exit, exited := ExitOK, false
	parser, err := kong.New(cli,
		kong.Name(p.Name), kong.Description(description), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(p.Stdout, p.Stderr), kong.Bind(append(bindings, p)...),
		kong.KindMapper(reflect.String, kong.MapperFunc(argument)), kong.NamedMapper("path", kong.MapperFunc(path)),
		kong.Exit(func(code int) { exit, exited = code, true }), // --help
	)
	if err != nil {
		return p.report(err)
	}
	ctx, err := parser.Parse(args)
	switch {
	case exited:
		return exit
	case err != nil:
		return p.report(&ExitError{ExitUsage, fmt.Errorf("%w (see %s --help)", err, p.Name)})
	}
	leaf := &Selected{}
	if n := ctx.Selected(); n != nil {
		leaf.Leaf = n.Name
	}
	return p.report(ctx.Run(leaf))
}

func (p *Program) report(err error) int {
	if err == nil {
		return ExitOK
	}
	w := p.Stderr
	if p.toJournal() {
		w = prefixed{w, priorities[0]}
	}
	// Other programs' libraries put whole addresses into what they say.
	show.Fprintf(w, "%s: %v\n", p.Name, errors.New(secret.Scrub(err.Error())))
	var exit *ExitError
	if errors.As(err, &exit) {
		return exit.Code
	}
	return ExitFailure
}

// Terminal says that standard output is one, and no file or pipe.
func (p *Program) Terminal() bool {
	f, ok := p.Stdout.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Version is the version that the build knows: the module's tag, or the commit.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "commit " + s.Value
		}
	}
	return "development"
}

// VersionCmd prints the version.
type VersionCmd struct {
	JSON bool `help:"Print JSON."`
}

// Run prints the version.
func (c *VersionCmd) Run(p *Program) error {
	if c.JSON {
		return printJSON(p.Stdout, map[string]string{"program": p.Name, "version": Version()})
	}
	_, err := show.Fprintf(p.Stdout, "%s %s\n", p.Name, Version())
	return err
}

// Selected names the innermost command that was chosen, for commands that share
// one Run method.
type Selected struct{ Leaf string }
