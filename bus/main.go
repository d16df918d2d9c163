// Bus follows and operates the bus: a table of commands, each with a package of
// its own below. See the README.
package main

import (
	"os"

	"github.com/alecthomas/kong"

	"busbar/bus/catalog"
	"busbar/bus/keys"
	"busbar/bus/log"
	"busbar/bus/tail"
	"busbar/bus/verify"
	"busbar/common/daemon"
)

type commandLine struct {
	daemon.Globals
	kong.Plugins
	Version daemon.VersionCmd `cmd:"" help:"Print the version."`
}

// commands are all that bus can do; a new one is one line here.
func commands() *commandLine {
	return &commandLine{Plugins: kong.Plugins{
		&tail.Command{},
		&log.Command{},
		&keys.Command{},
		&catalog.Command{},
		&verify.Command{},
		&demoCommand{},
	}}
}

func main() {
	p := &daemon.Program{Name: "bus", Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ}
	os.Exit(run(p, os.Args[1:]))
}

func run(p *daemon.Program, args []string) int {
	cli := commands()
	return p.Main(cli, "Follows and operates the bus.", args, &cli.Globals)
}
