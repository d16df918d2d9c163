// Bus follows and operates the bus: a table of commands, each with a package of
// its own below. See the README.
package main

import (
	"os"
	_ "time/tzdata" // people's zones, on machines without the zones

	"github.com/alecthomas/kong"

	"busbar/bus/archive"
	"busbar/bus/badges"
	"busbar/bus/catalog"
	"busbar/bus/check"
	"busbar/bus/endpoints"
	"busbar/bus/forward"
	"busbar/bus/hub"
	"busbar/bus/keys"
	"busbar/bus/log"
	"busbar/bus/notify"
	"busbar/bus/replay"
	"busbar/bus/search"
	"busbar/bus/setup"
	"busbar/bus/status"
	"busbar/bus/tail"
	"busbar/bus/trigger"
	"busbar/bus/verify"
	"busbar/common/program"
)

const description = "Follows and operates the bus."

type commandLine struct {
	program.Globals
	kong.Plugins
	Settings program.ConfigCommand `cmd:"" name:"config" help:"Print the configuration."`
	Version  program.Version       `cmd:"" help:"Print the version."`
}

// commands are all that bus can do; a new one is one line here.
func commands() *commandLine {
	return &commandLine{Plugins: kong.Plugins{
		&tail.Command{},
		&replay.Command{},
		&search.Command{},
		&trigger.Command{},
		&log.Command{},
		&setup.Command{},
		&keys.Command{},
		&catalog.Command{},
		&verify.Command{},
		&endpoints.Command{},
		&status.Command{},
		&check.Command{},
		&hub.Command{},
		&archive.Command{},
		&forward.Command{},
		&notify.Command{},
		&badges.Command{},
		&demoCommand{},
	}}
}

func main() {
	os.Exit(run(program.Process("bus"), os.Args[1:]))
}

func run(p *program.Env, args []string) int {
	cli := commands()
	return described(p).Main(cli, description, args, &cli.Globals)
}
