package main

import (
	"fmt"
	"strings"

	"busbar/common/program"
	"busbar/common/setup"
)

// spoolDir is the spool where mail2bus is set up, as contrib/mta/mail2bus-pipe has it.
const spoolDir = "/var/spool/busbar/mail"

type setupCmd struct {
	program.AdapterSetup
	Maildir []string `help:"Maildir to read. May be repeated. Default: the spool, into which the mail system delivers." placeholder:"DIR" type:"path"`
	Spool   bool     `help:"Read the spool, too, where Maildirs are given."`
}

// Run sets mail2bus up beside the mail system of this machine.
func (c setupCmd) Run(p *program.Env, g *program.Globals) error {
	return c.AdapterSetup.Run(p, g, c.part)
}

// part is what mail2bus needs: Maildirs that it may read, or the spool.
func (c setupCmd) part(s *program.Setup, there setup.There) (program.Part, error) {
	part := program.Part{Port: 9940}
	dirs, err := c.maildirs(s, there)
	if err != nil {
		return part, err
	}
	spool := c.Spool || len(dirs) == 0 || there.Text("mail", "spool") != ""
	if len(dirs) > 0 {
		who, err := readerOf(s.Machine, dirs)
		if err != nil {
			return part, err
		}
		part.Owner, part.DropIn = who.Owner, who.dropIn(dirs, spool)
		if who.User == setup.Busbar {
			part.Owner = setup.Owner{}
		}
		part.Values = append(part.Values, setup.Value{Table: "mail", Key: "maildir", Value: dirs})
	}
	if spool {
		dir := first(there.Text("mail", "spool"), spoolDir)
		part.Before = spoolSteps(s.Machine, dir)
		part.Values = append(part.Values, setup.Value{Table: "mail", Key: "spool", Value: dir})
		if part.Owner != (setup.Owner{}) { // whoever reads, the spool is the group's
			part.Before = append([]setup.Step{s.BusbarUser()}, part.Before...)
		}
		for _, system := range mailSystems(s.Machine) {
			s.Next("%s is here: have it deliver to mail2bus as %s says", system.name, howto(s.Machine, system.page))
		}
		if !s.Exists(pipeFile) {
			s.Next("install -D -m 755 contrib/mta/mail2bus-pipe %s   # what mail systems call", pipeFile)
		}
	}
	return part, nil
}

// howto is where a page is: with the package, or in the source.
func howto(m *setup.Machine, page string) string {
	if installed := "/usr/share/doc/busbar/howto/" + page; m.Exists(installed) {
		return installed
	}
	return "docs/howto/" + page
}

const pipeFile = "/usr/lib/busbar/mail2bus-pipe"

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// maildirs are those to read: named, configured, or chosen from those that are found.
func (c setupCmd) maildirs(s *program.Setup, there setup.There) ([]string, error) {
	if len(c.Maildir) > 0 {
		return c.Maildir, nil
	}
	if known := there.List("mail", "maildir"); len(known) > 0 || there.Text("mail", "spool") != "" {
		return known, nil
	}
	found, err := findMaildirs(s.Machine)
	if err != nil || len(found) == 0 || !s.Asker.Somebody() {
		return nil, err
	}
	answer, err := s.Asker.Ask(fmt.Sprintf("Maildirs to read, of %s; \"spool\" is a spool of its own, into which the mail system delivers", strings.Join(found, " ")), "spool")
	if err != nil || answer == "spool" {
		return nil, err
	}
	return strings.Fields(answer), nil
}

// spoolSteps make the spool, a Maildir that the daemon and the mail system share by
// the group busbar, as contrib/systemd/busbar.tmpfiles has it.
func spoolSteps(m *setup.Machine, dir string) []setup.Step {
	busbar := setup.Owner{User: setup.Busbar, Group: setup.Busbar}
	steps := []setup.Step{}
	if dir == spoolDir {
		steps = append(steps, m.Folder("/var/spool/busbar", 0o755, setup.Owner{}))
	}
	for _, sub := range []string{"", "/tmp", "/new", "/cur"} {
		steps = append(steps, m.Folder(dir+sub, 0o2770, busbar))
	}
	return steps
}
