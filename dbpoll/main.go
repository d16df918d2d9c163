// Dbpoll turns changes in the databases of legacy services into messages on the
// bus. It only ever reads, and polls: wanna-build's build queue by its own
// method, any other table by comparing. See docs/howto/wanna-build.md and
// docs/howto/any-table.md.
package main

import (
	"os"
	"runtime/debug"
	_ "time/tzdata" // [db] timezone works on machines without the zones

	"busbar/common/program"
)

const description = "Turns changes in the databases of legacy services into messages on the bus."

type commandLine struct {
	program.Globals
	Run      program.RunCommand     `cmd:"" help:"Run the daemon: poll the databases, publish."`
	Poll     program.PollCommand    `cmd:"" help:"Poll once, and exit 0 when all that changed is on disk, or 75 when a database could not be read (for cron)."`
	Setup    setupCmd               `cmd:"" help:"Set dbpoll up on this machine: key, configuration, what the unit needs; then check, and start it. Says each thing before it does it, and does nothing twice."`
	Check    program.CheckCommand   `cmd:"" help:"Look at the configuration, the databases and what the account may read, with hints."`
	Explain  program.ExplainCommand `cmd:"" help:"Say what changed rows, or an id in the journal, become and why. Needs no bus and no database." set:"json= for each change" set:"items=Files of changed rows in JSON, one or more after another: a row of packages, transactions or pkg_history; {\"before\": …, \"after\": …}; with \"table\": NAME of a configured table. Or ids in the journal. '-' is standard input."`
	Import   program.ImportCommand  `cmd:"" help:"Publish the present state once, as recovered, while the daemon does not run."`
	Poison   program.PoisonCommand  `cmd:"" help:"List, show, retry or drop changes that could not be read." set:"list=List the changes that could not be read, and why." set:"show=Print one as JSON, as explain takes it." set:"retry=Give changes back to the daemon, or to the next poll, which reads them as if they were new."`
	Status   program.StatusCommand  `cmd:"" help:"Say what was done, how far each source was read, and what the account may read."`
	Settings program.ConfigCommand  `cmd:"" name:"config" help:"Print the configuration."`
	Version  program.Version        `cmd:"" help:"Print the version."`
}

func main() {
	if os.Getenv("GOGC") == "" {
		// What is kept of every row is nearly all of the memory, and changes
		// seldom: collecting more often costs little and saves a third.
		debug.SetGCPercent(25)
	}
	os.Exit(run(program.Process("dbpoll"), os.Args[1:]))
}

func run(p *program.Env, args []string) int {
	described(p)
	cli := &commandLine{}
	return p.Main(cli, description, args, &cli.Globals)
}
