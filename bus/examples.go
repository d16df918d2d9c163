package main

import (
	"busbar/bus/config"
	"busbar/common/manual"
	"busbar/common/program"
)

// described adds what bus is: its configuration and its examples. Each command has
// one at least.
func described(p *program.Env) *program.Env {
	p.PageEach = true
	p.Defaults = func() (any, func() error) {
		c := config.Default()
		return &c, func() error { return c.Complete(p.Name) }
	}
	p.About = []string{
		"Adapters publish what happens in legacy services as signed messages. This program follows them, shows and keeps what they say, and looks after their keys.",
		"Whom to follow and whom to trust is configured once for a machine: `subscribe` or `discover` in `[bus]`, and `ca` in `[sign]`.",
	}
	p.Examples = []manual.Example{
		{Command: "tail", Does: "Follow the bus.", Line: "bus tail"},
		{Command: "tail", Does: "Follow two packages, and miss nothing between two runs.", Line: "bus tail --package hello --package glibc --position ~/.bus-position"},
		{Command: "tail", Does: "Wait until a build has failed, for an hour at most.", Line: "bus tail --topic wannabuild.build.fail --count 1 --timeout 1h"},
		{Command: "replay", Does: "See what a hub kept of the last two hours.", Line: "bus replay http://127.0.0.1:9480 --since 2h"},
		{Command: "replay", Does: "Fetch messages that a follower said it had missed.", Line: "bus replay tcp://127.0.0.1:9940 --numbers 17..40 --json"},
		{Command: "search", Does: "Find the grave bugs of a package since January.", Line: "bus search package:hello severity:grave since:2026-01-01"},
		{Command: "search", Does: "Write down all that the archive said of unstable, from another machine's hub.", Line: "bus search --hub https://hub.example.org --all --json topic:dak suite:unstable"},
		{Command: "stats", Does: "See how busy the year was, in any terminal.", Line: "bus stats --of year --format braille"},
		{Command: "stats", Does: "Count what a hub has of a package, month by month.", Line: "bus stats --hub https://hub.example.org --package hello --of year --by month"},
		{Command: "archive import", Does: "Bring in what a journal kept before there was a hub.", Line: "bus archive import /var/lib/busbar/mail2bus/journal.db"},
		{Command: "archive import", Does: "Bring in what another hub has.", Line: "bus archive import https://hub.example.org"},
		{Command: "archive rebuild", Does: "Make all indices again.", Line: "bus archive rebuild"},
		{Command: "archive status", Does: "See what is in it.", Line: "bus archive status"},
		{Command: "archive copy", Does: "Keep a copy of it in PostgreSQL.", Line: "bus archive copy --to service=busbar --follow"},
		{Command: "trace", Does: "See what happened to a package, and why.", Line: "bus trace hello"},
		{Command: "trigger", Does: "Send a mail for each bug of a package, and miss none.", Line: "bus trigger --topic debbugs.bug.create --package hello --position ~/.bugs \\\n    --poison ~/bugs-not-sent -- sh -c 'mail -s \"$EVENT_TITLE\" me@example.org'"},
		{Command: "log", Does: "Publish a text.", Line: "bus log --message 'The archive is frozen.'"},
		{Command: "log", Does: "Publish a value, under a topic of its own.", Line: `echo '{"suite": "sid"}' | bus log --json-input --modname archive --topic freeze`},
		{Command: "init", Does: "Begin a bus on this machine.", Line: "bus init"},
		{Command: "init", Does: "Follow another machine's publishers.", Line: "bus init --ca ca.crt --crl crl.pem --endpoint tcp://lists.example.org:9940"},
		{Command: "keys init", Does: "Make the authority of a bus.", Line: "bus keys --dir /etc/busbar init"},
		{Command: "keys issue", Does: "Make the key that mail2bus's unit loads.", Line: "bus keys --dir /etc/busbar issue mail2bus"},
		{Command: "keys sign", Does: "Answer a request of `mail2bus setup --request` on another machine.", Line: "bus keys --dir /etc/busbar sign mail2bus.csr"},
		{Command: "keys add-ed25519", Does: "Give an older publisher the second key.", Line: "bus keys --dir /etc/busbar add-ed25519 mail2bus"},
		{Command: "keys revoke", Does: "Believe a publisher no more.", Line: "bus keys --dir /etc/busbar revoke mail2bus"},
		{Command: "keys crl", Does: "Renew the list once a month, from cron.", Line: "bus keys --dir /etc/busbar crl --days 60"},
		{Command: "keys gpg-make", Does: "Make an OpenPGP key for a publisher, into the folder that is subscribers' keyring.", Line: "bus keys --dir /etc/busbar/gpg gpg-make mail2bus"},
		{Command: "keys gpg-import", Does: "Believe a key that was made with GnuPG, or take its newer form.", Line: "bus keys --dir /etc/busbar/gpg gpg-import dak dak.asc"},
		{Command: "keys gpg-export", Does: "Have GnuPG know a publisher's key.", Line: "bus keys --dir /etc/busbar/gpg gpg-export mail2bus | gpg --import"},
		{Command: "keys list", Does: "See which certificates expire.", Line: "bus keys --dir /etc/busbar list"},
		{Command: "catalog", Does: "See which events there are.", Line: "bus catalog"},
		{Command: "catalog", Does: "Get the schema of one, to check messages with.", Line: "bus catalog --format jsonschema dak.source.accept"},
		{Command: "catalog", Does: "Describe the bus for tools that read AsyncAPI.", Line: "bus catalog --asyncapi"},
		{Command: "verify", Does: "Check a journal, while its program runs.", Line: "bus verify /var/lib/busbar/mail2bus/journal.db --ca /etc/busbar/ca.crt"},
		{Command: "endpoints", Does: "See who speaks, and as whom.", Line: "bus endpoints"},
		{Command: "status", Does: "Watch the whole bus.", Line: "bus status --watch"},
		{Command: "check", Does: "See what is wrong, and what to do.", Line: "bus check"},
		{Command: "check", Does: "Compare how things are, as the messages say, with the bug tracker itself.", Line: "bus check --state --tracker https://bugs.debian.org/cgi-bin/soap.cgi --hub http://127.0.0.1:9480"},
		{Command: "hub", Does: "Keep all that is said, and serve it at an address of this machine.", Line: "bus --set hub.archive=archive.db --set hub.listen=127.0.0.1:9480 hub"},
		{Command: "forward", Does: "Look at the servers and the stream first.", Line: "bus forward --to nats://127.0.0.1:4222 --check"},
		{Command: "forward", Does: "Bring all that is said into a stream, which is made if need be.", Line: "bus forward --to nats://127.0.0.1:4222 --stream BUSBAR --position forward.position"},
		{Command: "notify run", Does: "Tell people what concerns them, as the rules in a folder say.", Line: "bus --set notify.rules=notify.d --set notify.outbox=outbox.db notify run"},
		{Command: "notify check", Does: "Read the rules, and send a test to somebody.", Line: "bus notify check --send jane"},
		{Command: "notify test", Does: "See what a rule would have said in the last week.", Line: "bus notify test jane \"my packages\" --since 168h"},
		{Command: "notify explain", Does: "See why somebody was told of an event.", Line: "bus notify explain 2026-6ba7b810-9dad-51d1-80b4-00c04fd430c8 jane"},
		{Command: "notify dead list", Does: "See what could not be sent.", Line: "bus notify dead list"},
		{Command: "notify dead retry", Does: "Send all of it again.", Line: "bus notify dead retry --all"},
		{Command: "notify dead drop", Does: "Forget all of it.", Line: "bus notify dead drop --all"},
		{Command: "notify mail", Does: "Do what a mail to the control address says, as a mail system has it done.", Line: "bus notify mail --sender=jane@example.org < subscribe.eml"},
		{Command: "notify resume", Does: "Have a person's rules in force again that they ended by a link.", Line: "bus notify resume jane"},
		{Command: "notify key webhook", Does: "Give a person the secret of their webhook.", Line: "bus notify key webhook jane https://example.org/hook"},
		{Command: "notify key webpush", Does: "Give a page the key with which it subscribes to Web Push.", Line: "bus notify key webpush"},
		{Command: "notify status", Does: "Count what was sent, and what waits.", Line: "bus notify status"},
		{Command: "badges run", Does: "Give badges for what an archive has, once.", Line: "bus --set badges.archive=archive.db --set badges.file=badges.db badges run --once"},
		{Command: "badges check", Does: "Look whether the badges of a folder are in order.", Line: "bus --set badges.rules=badges.d badges check"},
		{Command: "badges list", Does: "See which badges there are, and how many have them.", Line: "bus badges list"},
		{Command: "badges show", Does: "See what somebody earned.", Line: "bus badges show nora@example.org"},
		{Command: "badges progress", Does: "See how far they are with all others.", Line: "bus badges progress nora@example.org"},
		{Command: "badges recompute", Does: "Make sure that all awards follow from the archive.", Line: "bus badges recompute"},
		{Command: "badges forget", Does: "Delete what is known of somebody who wants no badges.", Line: "bus badges forget tom@example.org"},
		{Command: "demo", Does: "See a bus at work, in half a minute.", Line: "bus demo"},
	}
	return p
}
