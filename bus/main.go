// Bus follows and operates the bus: a table of commands, each with a package of
// its own below. See the README.
package main

import (
	"os"

	"github.com/alecthomas/kong"

	"busbar/bus/catalog"
	"busbar/bus/check"
	"busbar/bus/endpoints"
	"busbar/bus/hub"
	"busbar/bus/keys"
	"busbar/bus/log"
	"busbar/bus/replay"
	"busbar/bus/status"
	"busbar/bus/tail"
	"busbar/bus/trigger"
	"busbar/bus/verify"
	"busbar/common/program"
)

type commandLine struct {
	program.Globals
	kong.Plugins
	Version program.Version `cmd:"" help:"Print the version."`
}

// commands are all that bus can do; a new one is one line here.
func commands() *commandLine {
	return &commandLine{Plugins: kong.Plugins{
		&tail.Command{},
		&replay.Command{},
		&trigger.Command{},
		&log.Command{},
		&keys.Command{},
		&catalog.Command{},
		&verify.Command{},
		&endpoints.Command{},
		&status.Command{},
		&check.Command{},
		&hub.Command{},
		&demoCommand{},
	}}
}

func main() {
	p := &program.Env{Name: "bus", Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ}
	os.Exit(run(p, os.Args[1:]))
}

func run(p *program.Env, args []string) int {
	cli := commands()
	return p.Main(cli, "Follows and operates the bus.", args, &cli.Globals)
}
