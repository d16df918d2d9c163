// Package discovery finds publishers: where they are, and when that changes.
// A place to look is written as one text:
//
//	tcp://HOST:PORT   one publisher, known
//	file:PATH         a text file, TOML or JSON
//	dir:PATH          a directory of such files, named *.toml or *.json
//	srv:DOMAIN        DNS: the SRV records of _fedmsg._tcp.DOMAIN, as fedmsg's
//	                  srv_endpoints; a DOMAIN that begins with _ is looked up as it is
//
// A file holds fedmsg's two tables, which map a service to its addresses and to
// where it answers replay, if that is another address:
//
//	[endpoints]
//	"mail2bus.lists" = ["tcp://lists.example.org:9940"]
//
//	[replay_endpoints]
//	"mail2bus.lists" = "tcp://lists.example.org:9941"
//
// In JSON it is an object with these two members, whatever else is in it
// (fedmsg-config prints such a one), or the map of endpoints alone (fedmsg-config
// --query endpoints). fedmsg's service relay_inbound is left out: it is where
// publishers connect to.
//
// Files are read every few seconds, DNS after the TTL of what it said. What is
// absent, what is empty and what cannot be read are three things: the first two
// mean that there is nobody, and what cannot be read changes nothing. Each is
// reported.
//
// Not here: connecting, and whether a publisher is who it says (its signature
// tells).
package discovery
