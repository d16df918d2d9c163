// Package program is what every adapter's program is made of: its command line,
// the log, signals and systemd, and the commands that all of them have (check,
// explain, poison, status, version).
//
// Not here: configuration (common/config), the node that joins journal, signer and
// publisher (common/node), and what a program does with its channel.
package program
