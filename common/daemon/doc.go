// Package daemon is what every adapter's program shares: configuration, the
// node that joins journal, signer and publisher, signals and systemd, and the
// commands that all of them have (check, explain, poison, status, version).
//
// A program describes its configuration as a struct whose fields carry "toml"
// and "doc" tags; the reference page, the unknown-key hints and the environment
// variables all come from those tags.
//
// Not here: what a program does with its channel, and anything about a single
// legacy service.
package daemon
