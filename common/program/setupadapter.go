package program

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"busbar/common/exit"
	"busbar/common/setup"
	"busbar/common/show"
)

// AdapterSetup are the flags of an adapter's setup, beside its own.
type AdapterSetup struct {
	SetupFlags
	Port        int    `help:"Port at which messages are published. Default: the usual one, or the next that is free." placeholder:"PORT"`
	Request     bool   `help:"Make a key, and a request to be signed where the authority is (bus keys sign), instead of a certificate."`
	Name        string `help:"Name that is requested. Default: PROGRAM-HOST." placeholder:"NAME"`
	Certificate string `help:"Put this certificate, the answer to a request, into its place." placeholder:"FILE" type:"path"`
	NoStart     bool   `help:"Do not start the daemon."`
}

// A Part is what one adapter adds to what all need.
type Part struct {
	Port   int          // that is usual
	Values setup.Values // of PROGRAM.toml
	Owner  setup.Owner  // who the daemon is; empty: the user busbar
	DropIn []string     // lines of [Service] of its unit
	Before []setup.Step // what must be there first: folders, roles
	After  []setup.Step // what follows: hooks
}

// Run sets the adapter up: look makes its part, of what it finds and is answered. There
// is what its configuration says already.
func (f AdapterSetup) Run(p *Env, g *Globals, look func(s *Setup, there setup.There) (Part, error)) error {
	s, err := f.begin(p)
	if err != nil {
		return err
	}
	file := s.EtcPath(p.Name + ".toml")
	there, err := setup.ReadValues(s.Path(file))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &exit.Error{Code: exit.Config, Err: fmt.Errorf("setting up %s: %w", p.Name, err)}
	}
	part, err := look(s, there)
	if err != nil {
		return &exit.Error{Code: exit.Code(err, exit.Config), Err: fmt.Errorf("setting up %s: %w", p.Name, err)}
	}
	if part.Owner == (setup.Owner{}) || part.Owner.Group == setup.Busbar {
		s.Do(s.BusbarUser())
	}
	if err := s.bus(!f.Request && f.Certificate == ""); err != nil {
		return &exit.Error{Code: exit.Code(err, exit.Config), Err: err}
	}
	if err := f.keys(s); err != nil {
		return err
	}
	s.Do(part.Before...)
	publish, err := f.publish(s, part.Port, there)
	if err != nil {
		return &exit.Error{Code: exit.Code(err, exit.Config), Err: err}
	}
	values := append(setup.Values{
		{Table: "bus", Key: "publish", Value: publish},
		{Table: "sign", Key: "certificate", Value: s.EtcPath(p.Name + ".crt")},
		{Table: "sign", Key: "key", Value: s.EtcPath(p.Name + ".key")},
	}, part.Values...)
	s.Do(s.Configuration(file, fmt.Sprintf("%s, over bus.toml. All keys: docs/reference/%s.md.", file, p.Name), values, f.Replace))
	if err := s.announce(publish, there); err != nil {
		return err
	}
	if len(part.DropIn) > 0 {
		text := "# Made by `" + p.Name + " setup`, which may write it again: put what is yours into another file.\n[Service]\n" + strings.Join(part.DropIn, "\n") + "\n"
		s.Do(s.File("/etc/systemd/system/"+p.Name+".service.d/busbar-setup.conf", text, 0o644, setup.Owner{}))
	}
	s.Do(part.After...)
	made, err := s.run()
	if err != nil {
		return err
	}
	if f.DryRun {
		s.end()
		return nil
	}
	return f.finish(s, made)
}

// keys plans the key and the certificate.
func (f AdapterSetup) keys(s *Setup) error {
	name := s.env.Name
	switch {
	case f.Certificate != "":
		step, err := s.Certificate(name, f.Certificate)
		if err != nil {
			return &exit.Error{Code: exit.Code(err, exit.Config), Err: fmt.Errorf("setting up %s: %w", name, err)}
		}
		s.Do(step)
	case f.Request:
		if f.Name == "" {
			host, err := s.Host()
			if err != nil {
				return err
			}
			f.Name = name + "-" + host
		}
		s.Do(s.Machine.Request(name, f.Name))
	default:
		s.Do(s.Key(name))
	}
	return nil
}

// publish is where the adapter publishes: as it is configured, or at a free port.
func (f AdapterSetup) publish(s *Setup, usual int, there setup.There) ([]string, error) {
	if known := there.List("bus", "publish"); len(known) > 0 && f.Port == 0 {
		return known, nil
	}
	port := f.Port
	if port == 0 {
		var err error
		if port, err = s.Machine.Port(s.env.Name, usual); err != nil {
			return nil, err
		}
		if port != usual {
			show.Fprintf(s.env.Stdout, "port %d is taken, so %d is used\n", usual, port)
		}
	}
	if port < 1 || port > 65535 {
		return nil, &exit.Error{Code: exit.Usage, Err: fmt.Errorf("setting up %s: %d is no port", s.env.Name, port)}
	}
	return []string{fmt.Sprintf("tcp://127.0.0.1:%d", port)}, nil
}

// announce plans the entry by which this machine's followers find the publisher.
func (s *Setup) announce(publish []string, there setup.There) error {
	name := there.Text("bus", "name")
	if name == "" {
		host, err := s.Host()
		if err != nil {
			return err
		}
		name = s.env.Name + "." + host
	}
	var here []string
	for _, e := range publish {
		here = append(here, strings.Replace(e, "://*:", "://127.0.0.1:", 1))
	}
	list := setup.Values{{Table: "endpoints", Key: fmt.Sprintf("%q", name), Value: here}}
	s.Do(s.File(filepath.Join(s.publishers(), s.env.Name+".toml"), list.Text("Where "+s.env.Name+" publishes on this machine. Made by its setup."), 0o644, setup.Owner{}))
	return nil
}

// finish looks as the daemon will, and starts it.
func (f AdapterSetup) finish(s *Setup, made int) error {
	name := s.env.Name
	start := "systemctl enable --now " + name
	waits := !s.Exists(s.EtcPath(name + ".crt"))
	if waits {
		csr := s.EtcPath(name + ".csr")
		s.Next("bus keys --dir DIR sign %s   # where the authority is; bring back the certificate, ca.crt and crl.pem", filepath.Base(csr))
		s.Next("%s setup --certificate FILE --ca ca.crt --crl crl.pem", name)
	}
	defer s.end()
	unit, err := s.Unit(name)
	if errors.Is(err, setup.ErrNoUnit) {
		s.Next("%s.service is not installed (the package has it, or contrib/systemd/%s.service); then: %s", name, name, start)
	} else if err != nil {
		return err
	}
	switch {
	case waits || s.Machine.Root != "":
		return nil
	case unit != nil:
		if err := checkAsUnit(s.env, s.Machine, unit); err != nil {
			s.Next("%s check   # as soon as that is mended; then: %s", name, start)
			return err
		}
	}
	switch {
	case unit == nil || f.NoStart:
		return nil
	case !s.Systemd():
		s.Next("%s   # systemd does not run here", start)
		return nil
	}
	return s.start(unit, made)
}

// checkAsUnit is check as the daemon will see it.
func checkAsUnit(p *Env, m *setup.Machine, unit *setup.Unit) error {
	a, err := unit.Account(m)
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	return CheckCommand{}.seen(p, &Globals{}, &a, unit, []string{"check"})
}

// start has systemd start the unit, or again where something changed.
func (s *Setup) start(unit *setup.Unit, made int) error {
	if s.Run("systemctl", "is-active", "--quiet", unit.Name) == nil && s.Run("systemctl", "is-enabled", "--quiet", unit.Name) == nil && made == 0 {
		return nil
	}
	for _, args := range [][]string{{"daemon-reload"}, {"enable", unit.Name}, {"restart", unit.Name}} {
		show.Fprintf(s.env.Stdout, "systemctl %s\n", strings.Join(args, " "))
		if err := s.Run("systemctl", args...); err != nil {
			return &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("starting %s: %w (look at: journalctl -u %s)", s.env.Name, err, s.env.Name)}
		}
	}
	return nil
}
