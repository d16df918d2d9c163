// Mail2bus turns the mails of legacy services into messages on the bus. It
// reads Maildirs, and takes single mails on standard input from a mail system's
// pipe. See docs/tutorial.md.
package main

import (
	"os"
	"strings"

	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/show"
)

const description = "Turns mails of legacy services into messages on the bus."

type commandLine struct {
	program.Globals
	Run           program.RunCommand     `cmd:"" help:"Run the daemon: read the Maildirs and the spool, publish."`
	Deliver       deliverCmd             `cmd:"" help:"Take one mail on standard input (from .forward, an alias, procmail, a pipe). Exits 0 once it cannot be lost, else 75."`
	Setup         setupCmd               `cmd:"" help:"Set mail2bus up on this machine: key, configuration, what the unit needs; then check, and start it. Says each thing before it does it, and does nothing twice."`
	Check         program.CheckCommand   `cmd:"" help:"Look at the configuration and the outside world, with hints."`
	Explain       program.ExplainCommand `cmd:"" help:"Say what mails, or an id in the journal, become and why. Needs no bus." set:"json= for each mail" set:"items=Mails, directories of them (files in new/ and cur/, or ending in .eml or .mail), or ids in the journal. '-' is standard input."`
	Import        importCmd              `cmd:"" help:"Read mails that lie in files: archives of lists, mailboxes, Maildirs. Their events have the times of then, and are marked recovered; it goes on where it was, also beside the running daemon."`
	Subscribe     subscribeCmd           `cmd:"" help:"Ask a mailing list to send its mails to [subscribe] address; the running daemon answers the confirmation for which the list then asks."`
	Unsubscribe   unsubscribeCmd         `cmd:"" help:"Ask a mailing list to send no more mails, in the same way."`
	Subscriptions subscriptionsCmd       `cmd:"" help:"Say where each subscription stands."`
	Poison        program.PoisonCommand  `cmd:"" help:"List, show, retry or drop mails that could not be read." set:"list=List the mails that could not be read, and why." set:"show=Print one exactly as it came." set:"retry=Give mails back to the daemon, which reads them as if they were new."`
	Status        program.StatusCommand  `cmd:"" help:"Say what was done and what waits."`
	Settings      program.ConfigCommand  `cmd:"" name:"config" help:"Print the configuration."`
	Version       program.Version        `cmd:"" help:"Print the version."`
}

func main() { os.Exit(run(program.Process("mail2bus"), os.Args[1:])) }

func run(p *program.Env, args []string) (code int) {
	described(p)
	cli := &commandLine{}
	if delivers(args) {
		defer func() {
			// A mail system bounces or drops the mail at most other codes:
			// whatever is wrong here, it must keep it.
			if r := recover(); r != nil {
				show.Fprintln(p.Stderr, "mail2bus: delivering:", r)
				code = exit.TempFail
			}
			code = cli.Deliver.answer(p, code)
		}()
	}
	return p.Main(cli, description, args, &cli.Globals)
}

// delivers reports whether the command is deliver, before the arguments are
// parsed: they may be wrong. The flags that stand before it may have values.
func delivers(args []string) bool {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--config", arg == "--set":
			i++
		case !strings.HasPrefix(arg, "-"):
			return arg == "deliver"
		}
	}
	return false
}
