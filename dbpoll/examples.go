package main

import (
	"busbar/common/manual"
	"busbar/common/program"
)

// described adds what this program is: its configuration and its examples.
func described(p *program.Env) *program.Env {
	p.Config = func() program.Config { return DefaultConfig() }
	p.About = []string{
		"It only ever reads, with short transactions: the build queue of wanna-build by its own method, and any other table of PostgreSQL, MariaDB or SQLite by comparing. What differs from the last known state of a row is published once it is on disk in the journal.",
		"The daemon, `dbpoll run`, is started by its systemd unit, and publishes to whoever follows; `bus tail` does. What was published can be asked for again at the same port.",
	}
	p.Examples = []manual.Example{
		{Command: "setup", Does: "Set up beside a wanna-build in this machine's PostgreSQL, and make the role that reads it.", Line: "dbpoll setup --level base"},
		{Command: "poll", Does: "Poll from cron instead of by a daemon, as the daemon's user.", Line: "*/5 * * * * busbar /usr/bin/dbpoll poll --publish"},
		{Command: "explain", Does: "See what a change of a row would become.", Line: `echo '{"table": "popcon", "before": {"name": "hello", "insts": "4"}, "after": {"name": "hello", "insts": "5"}}' | dbpoll explain -`},
		{Command: "import", Does: "Publish all that the database holds now, before the daemon is first started.", Line: "runuser -u busbar -- dbpoll import"},
	}
	return p
}
