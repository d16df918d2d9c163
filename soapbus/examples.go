package main

import (
	"busbar/common/manual"
	"busbar/common/program"
)

// described adds what this program is: its configuration and its examples.
func described(p *program.Env) *program.Env {
	p.Config = func() program.Config { return DefaultConfig() }
	p.About = []string{
		"It asks a tracker that speaks SOAP as debbugs does, at a bounded rate, and compares the answers with the last known states. What mails said already has the same id, and is published once; what mails missed, it repairs.",
		"The daemon, `soapbus run`, is started by its systemd unit, and publishes to whoever follows; `bus tail` does. What was published can be asked for again at the same port.",
	}
	p.Examples = []manual.Example{
		{Command: "setup", Does: "Watch a few packages of a tracker.", Line: "soapbus setup --url https://bugs.debian.org/cgi-bin/soap.cgi --contact admin@example.org --package src:hello"},
		{Command: "poll", Does: "Make a round from cron instead of by a daemon, as the daemon's user.", Line: "7 * * * * busbar /usr/bin/soapbus poll --publish"},
		{Command: "explain", Does: "See what a captured reply would become.", Line: "soapbus explain reply.xml"},
		{Command: "import", Does: "Publish all watched bugs, before the daemon is first started.", Line: "runuser -u busbar -- soapbus import"},
	}
	return p
}
