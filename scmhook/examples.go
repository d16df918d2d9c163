package main

import (
	"busbar/common/manual"
	"busbar/common/program"
)

// described adds what this program is: its configuration and its examples.
func described(p *program.Env) *program.Env {
	p.Config = func() program.Config { return DefaultConfig() }
	p.About = []string{
		"The hook takes milliseconds and always succeeds: it writes one file into a spool. The daemon, `scmhook run`, says what the push brought, and compares the refs of all repositories with what was published, so that a push is found also where no hook ran. `scmhook serve` takes pushes that forges report by webhook.",
		"Both are started by their systemd units, and publish to whoever follows; `bus tail` does. What was published can be asked for again at the same port.",
	}
	p.Examples = []manual.Example{
		{Command: "setup", Does: "Set up beside repositories, and put the hook into them.", Line: "scmhook setup --repository '/srv/git/*.git'"},
		{Command: "git", Does: "Call it from a post-receive hook of your own.", Line: "exec scmhook git"},
		{Command: "svn", Does: "Call it from a post-commit hook of your own.", Line: `exec scmhook svn "$@"`},
		{Command: "hg", Does: "Call it from hgrc, in [hooks].", Line: "txnclose.busbar = scmhook hg"},
		{Command: "serve", Does: "Take pushes that a forge reports.", Line: "scmhook serve"},
		{Command: "reconcile", Does: "Look for pushes that no hook reported, after hooks were away.", Line: "scmhook reconcile"},
		{Command: "import", Does: "Tell of the refs that were there from the start.", Line: "systemctl stop scmhook.service\nrunuser -u busbar -- scmhook import"},
		{Command: "install", Does: "Put the hook into all repositories below a folder.", Line: "scmhook install /srv/git"},
		{Command: "uninstall", Does: "Take it out again.", Line: "scmhook uninstall /srv/git"},
		{Command: "explain", Does: "See what an id on the bus came from.", Line: "scmhook explain 2026-5f0e7a44-3c1d-5a39-9c5e-0b4d3f0c7f11"},
	}
	return p
}
