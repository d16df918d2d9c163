// Package program is what every adapter's program is made of: its command line,
// the log, signals and systemd, and the commands that all of them have (run, poll,
// import, check, explain, poison, status, version). To write a program, begin with
// Config and Source.
//
// Not here: how a configuration is read (common/config), and the node that joins
// journal, signer and publisher (common/node).
package program
