// Bus follows and operates the bus: tail, log, keys, catalog, verify, demo. See
// the README.
package main

import (
	"os"

	"busbar/common/daemon"
)

type commandLine struct {
	daemon.Globals
	Tail    tailCmd           `cmd:"" help:"Follow the bus: one English sentence for each message, verified."`
	Log     logCmd            `cmd:"" help:"Publish from the shell, as fedmsg-logger does. Fails when nothing took the message."`
	Keys    keysCmd           `cmd:"" help:"A small certificate authority for the bus."`
	Catalog catalogCmd        `cmd:"" help:"List the kinds of events that exist."`
	Verify  verifyCmd         `cmd:"" help:"Check a journal: sequence, chain, signatures."`
	Demo    demoCmd           `cmd:"" help:"Make a bus in a temporary folder, feed it, and watch it work."`
	Version daemon.VersionCmd `cmd:"" help:"Print the version."`
}

func main() {
	p := &daemon.Program{Name: "bus", Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ}
	os.Exit(run(p, os.Args[1:]))
}

func run(p *daemon.Program, args []string) int {
	cli := &commandLine{}
	return p.Main(cli, "Follows and operates the bus.", args, &cli.Globals)
}
