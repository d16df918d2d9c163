package main

import (
	"busbar/common/manual"
	"busbar/common/program"
)

// described adds what this program is: its configuration and its examples.
func described(p *program.Env) *program.Env {
	p.Config = func() program.Config { return DefaultConfig() }
	p.About = []string{
		"It reads Maildirs, and a spool of its own in which `mail2bus deliver` leaves mails for any mail system that can call a program. A mail is moved or removed once its event is on disk in the journal; what cannot be read is kept as poison until a person looks.",
		"The daemon, `mail2bus run`, is started by its systemd unit, and publishes to whoever follows; `bus tail` does. What was published can be asked for again at the same port.",
	}
	p.Examples = []manual.Example{
		{Command: "setup", Does: "Set a machine up for a Maildir, having looked at what would be done.", Line: "mail2bus setup --maildir /home/lists/Maildir --dry-run\nmail2bus setup --maildir /home/lists/Maildir"},
		{Command: "check", Does: "See what the daemon sees, as root.", Line: "mail2bus check"},
		{Command: "deliver", Does: "Take a mail from a .forward file, for a user whose primary group is busbar.", Line: `"|/usr/lib/busbar/mail2bus-pipe"`},
		{Command: "deliver", Does: "Deliver a mail from a file, as a mail system would.", Line: "mail2bus deliver --spool /var/spool/busbar/mail < accepted.eml"},
		{Command: "explain", Does: "See what a mail would become, without a bus.", Line: "mail2bus explain accepted.eml"},
		{Command: "explain", Does: "Find the mails of an archive that nobody claims.", Line: `mail2bus explain --json ~/Maildir | jq -r 'select(.skip) | "\(.origin): \(.skip)"'`},
		{Command: "subscribe", Does: "Subscribe the adapter to a list, and see that it is.", Line: "mail2bus subscribe debian-devel@lists.debian.org\nmail2bus subscriptions"},
		{Command: "subscribe", Does: "Subscribe it to a list of Mailman's, and look at the confirmation before it is answered.", Line: "mail2bus subscribe --manager mailman --ask cooks@lists.example.org\nmail2bus subscriptions\nmail2bus subscriptions --confirm cooks@lists.example.org"},
		{Command: "unsubscribe", Does: "Have no more mails of a list.", Line: "mail2bus unsubscribe debian-devel@lists.debian.org"},
		{Command: "subscriptions", Does: "List the lists that are to be asked again.", Line: `mail2bus subscriptions --json | jq -r 'select(.state == "expired") | .list'`},
		{Command: "import", Does: "Read a list's archive, as of then.", Line: "mail2bus import debian-devel-2026.mbox.xz"},
	}
	return p
}
