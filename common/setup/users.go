package setup

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Busbar is the user of Busbar's daemons, and its group.
const Busbar = "busbar"

// BusbarUser makes the system's user busbar, as contrib/systemd/busbar.sysusers
// describes it.
func (m *Machine) BusbarUser() Step {
	made := false
	return Step{
		Say: "make the system user " + Busbar + " and its group",
		Done: func() (bool, error) {
			_, uerr := m.User(Busbar)
			_, gerr := m.Group(Busbar)
			return uerr == nil && gerr == nil, nil
		},
		Do: func() error {
			at := "--root=" + m.Path("/")
			made = true
			sysusers := exec.Command("systemd-sysusers", at, "--inline", `u busbar - "Busbar" /var/lib/busbar`)
			err := run(sysusers)
			if errors.Is(err, exec.ErrNotFound) {
				err = run(exec.Command("useradd", "--root", m.Path("/"), "--system", "--user-group", "--comment", "Busbar",
					"--home-dir", "/var/lib/busbar", "--no-create-home", "--shell", "/usr/sbin/nologin", Busbar))
			}
			if err != nil {
				return err
			}
			_, err = m.User(Busbar)
			return err
		},
		Undo: func() error {
			if _, err := m.User(Busbar); err != nil || !made {
				return nil
			}
			return run(exec.Command("userdel", "--root", m.Path("/"), Busbar))
		},
	}
}

// Run runs a command of the machine, and returns what it said where it fails.
func (m *Machine) Run(name string, args ...string) error { return run(exec.Command(name, args...)) }

func run(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// MayBeRoot fails where the one who runs setup could change nothing.
func (m *Machine) MayBeRoot() error {
	if m.Root == "" && !m.mayGive() {
		return errors.New("only root can set up a machine (run it with sudo; --root DIR sets up a folder, as anybody)")
	}
	return nil
}
