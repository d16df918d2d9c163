// Scmhook turns pushes into messages on the bus. Its hook takes milliseconds
// and always succeeds; its daemon tells what was pushed, also where no hook
// ran. See docs/howto/git-hooks.md.
package main

import (
	"os"

	"busbar/common/exit"
	"busbar/common/program"
	"busbar/scmhook/hook"
)

const description = "Turns pushes to git, svn and hg into messages on the bus."

type commandLine struct {
	program.Globals
	Run       program.RunCommand     `cmd:"" help:"Run the daemon: take what the hooks wrote, compare refs, publish."`
	Git       hookCmd                `cmd:"" help:"The hook: post-receive as it is, or update and reference-transaction with their arguments. Writes one spool file and exits 0, whatever is wrong."`
	Svn       hookCmd                `cmd:"" help:"The hook for svn: post-commit and post-revprop-change, with their arguments."`
	Hg        hookCmd                `cmd:"" help:"The hook for hg: txnclose, changegroup and others, with their environment."`
	Serve     serveCmd               `cmd:"" help:"Take pushes from forges' webhooks: GitLab, Forgejo, Gitea, GitHub."`
	Reconcile reconcileCmd           `cmd:"" help:"Compare every repository's refs with what was published, and publish what no hook reported. A running daemon is asked to do it."`
	Import    importCmd              `cmd:"" help:"Tell of all refs that were there before the daemon first saw their repositories. The daemon must not run."`
	Install   installCmd             `cmd:"" help:"Put the hook into repositories, and into those below directories. A hook that is there is kept and called, too."`
	Uninstall uninstallCmd           `cmd:"" help:"Take the hook out of repositories, and put back what was there before."`
	Setup     setupCmd               `cmd:"" help:"Set scmhook up on this machine: key, configuration, what the unit needs; then check, and start it. Says each thing before it does it, and does nothing twice."`
	Check     program.CheckCommand   `cmd:"" help:"Look at the configuration and the outside world, with hints."`
	Explain   program.ExplainCommand `cmd:"" help:"Say what spool files, or ids in the journal, become and why. Needs no bus." set:"json= for each" set:"items=Spool files, or ids in the journal."`
	Poison    poisonCmd              `cmd:"" help:"List, show, retry or drop spool files that could not be read." set:"list=List the spool files and webhooks that could not be read, and why." set:"show=Print one exactly as it came." set:"retry=Give items back to where they came from: spool files to scmhook run, webhooks to scmhook serve."`
	Status    program.StatusCommand  `cmd:"" help:"Say what was done and what waits, and which repositories are wired, unwired or silent." set:"more=: one object for the journal, then one for each repository"`
	Settings  program.ConfigCommand  `cmd:"" name:"config" help:"Print the configuration."`
	Version   program.Version        `cmd:"" help:"Print the version."`
}

func main() {
	if hook.Ran { // never: see there
		return
	}
	os.Exit(run(program.Process("scmhook"), os.Args[1:]))
}

func run(p *program.Env, args []string) int {
	if hook.Called(args) {
		hook.Run(args, p.Stdin, p.Stderr)
		return exit.OK
	}
	described(p)
	cli := &commandLine{}
	return p.Main(cli, description, args, &cli.Globals)
}

// A hookCmd is here to be listed: hooks never come as far as their grammar.
type hookCmd struct {
	Spool string   `help:"The spool. Else: $BUSBAR_SCM_SPOOL, the first line of /etc/busbar/scmhook.spool, /var/spool/busbar/scm." placeholder:"DIR"`
	Args  []string `arg:"" optional:"" help:"What the version control system hands over."`
}

// Run does what the hook does.
func (c hookCmd) Run(k *program.Selected, p *program.Env) error {
	args := []string{k.Leaf}
	if c.Spool != "" {
		args = append(args, "--spool", c.Spool)
	}
	hook.Run(append(args, c.Args...), p.Stdin, p.Stderr)
	return nil
}
