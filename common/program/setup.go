package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"busbar/common/config"
	"busbar/common/exit"
	"busbar/common/setup"
	"busbar/common/show"
)

// SetupFlags are the flags of every command that sets a machine up.
type SetupFlags struct {
	DryRun      bool   `help:"Say what would be done, and do nothing."`
	Yes         bool   `help:"Ask nothing: take what is found, and what the flags say." short:"y"`
	Root        string `help:"Set up the machine in this folder, and start nothing: for images, packages and tests." placeholder:"DIR" type:"path"`
	Replace     bool   `help:"Write configuration again that says something else, and keep the old one beside it."`
	Environment string `help:"Environment in every topic, where bus.toml does not say yet: dev, stg or production." placeholder:"NAME"`
	Prefix      string `help:"Topic prefix, where bus.toml does not say yet." placeholder:"PREFIX"`
	CA          string `name:"ca" help:"Take the authority of another machine: its ca.crt." placeholder:"FILE" type:"path"`
	CRL         string `name:"crl" help:"Its revocation list, crl.pem." placeholder:"FILE" type:"path"`
}

// A Setup is one run of a command that sets a machine up.
type Setup struct {
	SetupFlags
	*setup.Machine
	Asker *setup.Asker

	env  *Env
	plan setup.Plan
	next []string // what is left to a person
}

// begin looks at the machine, before anything is planned.
func (f SetupFlags) begin(p *Env) (*Setup, error) {
	s := &Setup{SetupFlags: f, env: p, Machine: &setup.Machine{Root: f.Root}}
	if p.Getenv != nil && f.Root == "" { // else the folder has its own
		s.Etc = p.Getenv(config.EtcVariable)
	}
	if err := s.MayBeRoot(); err != nil && !f.DryRun {
		return nil, &exit.Error{Code: exit.Usage, Err: fmt.Errorf("setting up %s: %w", p.Name, err)}
	}
	var in io.Reader
	if file, ok := p.Stdin.(*os.File); ok && terminal(file) && !f.Yes && !f.DryRun {
		in = file
	}
	s.Asker = setup.NewAsker(in, p.Stdout)
	return s, nil
}

// say prints what is done, line by line.
func (s *Setup) say(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		show.Fprintln(s.env.Stdout, line)
	}
}

// Do adds steps; one that is there already is not added again.
func (s *Setup) Do(steps ...setup.Step) {
	for _, step := range steps {
		if !slices.ContainsFunc(s.plan, func(o setup.Step) bool { return o.Say == step.Say }) {
			s.plan = append(s.plan, step)
		}
	}
}

// Next says what is left to a person, at the end.
func (s *Setup) Next(format string, args ...any) {
	if text := show.Sprintf(format, args...); !slices.Contains(s.next, text) {
		s.next = append(s.next, text)
	}
}

// publishers is the folder in which this machine's publishers are listed.
func (s *Setup) publishers() string { return s.EtcPath("publishers.d") }

// bus plans what all programs of a machine share: the folder, the authority, bus.toml.
func (s *Setup) bus(authority bool) error {
	s.Do(s.Folder(s.EtcPath(""), 0o755, setup.Owner{}), s.Folder(s.publishers(), 0o755, setup.Owner{}))
	for name, from := range map[string]string{"ca.crt": s.CA, "crl.pem": s.CRL} {
		if from == "" {
			continue
		}
		step, err := s.Copy(from, name)
		if err != nil {
			return fmt.Errorf("taking the authority: %w", err)
		}
		s.Do(step)
	}
	if authority && s.CA == "" {
		s.Do(s.Authority())
	}
	return s.busFile()
}

// busFile plans bus.toml. One that is there stays, and must only find publishers.
func (s *Setup) busFile() error {
	file := s.EtcPath("bus.toml")
	there, err := setup.ReadValues(s.Path(file))
	place := "dir:" + s.publishers()
	switch {
	case err == nil:
		if !slices.Contains(there.List("bus", "discover"), place) {
			s.Next("followers do not find this machine's publishers: add to [bus] of %s: discover = [%q]", file, place)
		}
		for flag, want := range map[string]string{"prefix": s.Prefix, "environment": s.Environment} {
			if want != "" && there.Text("bus", flag) != want && !s.Replace {
				return fmt.Errorf("setting up %s: %s is there, and its [bus] %s is %q, not %q (edit it, or --replace)", s.env.Name, file, flag, there.Text("bus", flag), want)
			}
		}
		if !s.Replace {
			return nil
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	prefix, environment := first(s.Prefix, there.Text("bus", "prefix"), config.DefaultBus().Prefix), first(s.Environment, there.Text("bus", "environment"))
	if environment == "" {
		if environment, err = s.Asker.Ask("Environment in every topic (dev, stg or production)", "production"); err != nil {
			return err
		}
	}
	check := config.DefaultBus()
	check.Prefix, check.Environment = prefix, environment
	if err := check.Complete(s.env.Name); err != nil {
		return err
	}
	s.Do(s.Configuration(file, file+": what all programs on this machine share.", setup.Values{
		{Table: "bus", Key: "prefix", Value: prefix},
		{Table: "bus", Key: "environment", Value: environment},
		{Table: "bus", Key: "discover", Value: []string{place}},
		{Table: "sign", Key: "ca", Value: s.EtcPath("ca.crt")},
		{Table: "sign", Key: "crl", Value: s.EtcPath("crl.pem")},
	}, s.Replace))
	return nil
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// run says what would be done, asks, and does it. It returns how many steps were made.
func (s *Setup) run() (made int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	left, err := s.plan.Pending()
	if err != nil {
		return 0, &exit.Error{Code: exit.Config, Err: fmt.Errorf("setting up %s: %w", s.env.Name, err)}
	}
	switch {
	case len(left) == 0:
		s.say("nothing to do: " + s.env.Name + " is set up")
		return 0, nil
	case s.DryRun || s.Asker.Somebody():
		s.say("This would be done:")
		for _, step := range left {
			s.say("  " + strings.ReplaceAll(step.Say, "\n", "\n  "))
		}
		if s.DryRun {
			return 0, nil
		}
		if yes, err := s.Asker.Yes("Do it?"); err != nil || !yes {
			return 0, &exit.Error{Code: exit.TempFail, Err: errors.Join(err, errors.New("nothing was done"))}
		}
	}
	made, err = s.plan.Run(ctx, s.say)
	if err != nil {
		err = &exit.Error{Code: exit.Code(err, exit.Config), Err: fmt.Errorf("setting up %s: %w", s.env.Name, err)}
	}
	return made, err
}

// end says what is left to do.
func (s *Setup) end() {
	if len(s.next) == 0 {
		return
	}
	show.Fprintf(s.env.Stdout, "Next:\n")
	for _, text := range s.next {
		show.Fprintf(s.env.Stdout, "  %s\n", text)
	}
}

// InitBus is `bus init`: the authority and the configuration of a machine that only
// follows, or on which publishers are set up next. authority: one is made where there
// is none.
func (f SetupFlags) InitBus(p *Env, authority bool, endpoints []string) error {
	s, err := f.begin(p)
	if err != nil {
		return err
	}
	if err := s.bus(authority); err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	if len(endpoints) > 0 {
		list := setup.Values{{Table: "endpoints", Key: "elsewhere", Value: endpoints}}
		s.Do(s.File(filepath.Join(s.publishers(), "elsewhere.toml"), list.Text("Publishers on other machines. Made by bus init."), 0o644, setup.Owner{}))
	}
	if !authority && f.CA == "" && !s.Exists(s.EtcPath("ca.crt")) {
		return &exit.Error{Code: exit.Usage, Err: errors.New("setting up bus: whom should followers of this machine trust? Give --ca and --crl, the authority's files")}
	}
	if _, err := s.run(); err != nil {
		return err
	}
	s.Next("bus check   # what is wrong with the bus as this machine sees it")
	s.Next("bus tail    # follow it")
	s.end()
	return nil
}
