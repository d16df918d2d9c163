// Soapbus turns what a bug tracker says over SOAP into messages on the bus: it
// asks, politely, and compares. What mail said already has the same id and is
// dropped, so that it repairs what mail missed. See docs/howto/soap.md.
package main

import (
	"os"

	"busbar/common/program"
)

const description = "Turns what a bug tracker says over SOAP into messages on the bus."

type commandLine struct {
	program.Globals
	Run      program.RunCommand    `cmd:"" help:"Run the daemon: ask the tracker, publish."`
	Poll     program.PollCommand   `cmd:"" help:"Make one round, and exit 0 when all that changed is on disk, or 75 when the tracker could not be asked (for cron)."`
	Setup    setupCmd              `cmd:"" help:"Set soapbus up on this machine: key, configuration, what the unit needs; then check, and start it. Says each thing before it does it, and does nothing twice."`
	Check    program.CheckCommand  `cmd:"" help:"Look at the configuration, the tracker, its clock and the rate, with hints."`
	Explain  explainCmd            `cmd:"" help:"Say what a captured reply, a change as JSON, or an id in the journal, becomes and why. Needs no bus and no tracker." set:"json= for each bug" set:"items=Files with a captured reply (HTTP or its XML) or with changes as JSON, or ids in the journal. '-' is standard input."`
	Import   program.ImportCommand `cmd:"" help:"Publish every watched bug once with all its messages, as recovered, while the daemon does not run."`
	Poison   program.PoisonCommand `cmd:"" help:"List, show, retry or drop changes that could not be read." set:"list=List the changes that could not be read, and why." set:"show=Print one as JSON, as explain takes it." set:"retry=Give changes back to the daemon, or to the next poll, which reads them as if they were new."`
	Status   program.StatusCommand `cmd:"" help:"Say what was done, how far the sweep is, and what is known."`
	Settings program.ConfigCommand `cmd:"" name:"config" help:"Print the configuration."`
	Version  program.Version       `cmd:"" help:"Print the version."`
}

func main() {
	os.Exit(run(program.Process("soapbus"), os.Args[1:]))
}

func run(p *program.Env, args []string) int {
	described(p)
	cli := &commandLine{}
	return p.Main(cli, description, args, &cli.Globals)
}
