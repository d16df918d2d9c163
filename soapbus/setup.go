package main

import (
	"errors"
	"fmt"
	"net/url"

	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/secret"
	"busbar/common/setup"
)

type setupCmd struct {
	program.AdapterSetup
	URL     string   `name:"url" help:"The tracker's SOAP address. Default: debbugs on this machine, where it is." placeholder:"URL"`
	Contact string   `help:"Address of a person, sent to the tracker's operators with every request." placeholder:"ADDRESS"`
	Package []string `help:"Watch the bugs of this package; src:NAME is a source package. May be repeated. Default: every bug." placeholder:"NAME"`
}

// Run sets soapbus up for a tracker.
func (c setupCmd) Run(p *program.Env, g *program.Globals) error {
	return c.AdapterSetup.Run(p, g, c.part)
}

// ownTracker is where debbugs answers on its own machine.
const ownTracker = "http://localhost/cgi-bin/soap.cgi"

func (c setupCmd) part(s *program.Setup, there setup.There) (part program.Part, err error) {
	part.Port = 9943
	at, contact := first(c.URL, there.Text("soap", "url")), first(c.Contact, there.Text("soap", "contact"))
	if at == "" {
		proposal := ""
		if s.Exists("/etc/debbugs") || s.Exists("/usr/lib/debbugs") {
			proposal = ownTracker
		}
		if at, err = s.Asker.Ask("The tracker's SOAP address", proposal); err != nil {
			return part, err
		}
	}
	if at == "" {
		return part, &exit.Error{Code: exit.Usage, Err: errors.New("which tracker is to be asked? Say --url, such as https://bugs.debian.org/cgi-bin/soap.cgi")}
	}
	if contact == "" {
		if contact, err = s.Asker.Ask("Address of a person, for the tracker's operators", ""); err != nil {
			return part, err
		}
	}
	own := DefaultConfig()
	if own.SOAP.URL = secret.NewURL(at); own.Complete() != nil {
		return part, &exit.Error{Code: exit.Usage, Err: own.Complete()}
	}
	u, err := url.Parse(at)
	if err != nil {
		return part, fmt.Errorf("reading the address: %w", secret.Hide(at, err))
	}
	if u.User != nil {
		return part, &exit.Error{Code: exit.Usage, Err: errors.New("an address with a password would be in a file that everybody may read: write [soap] url by hand, and chmod 640")}
	}
	if part.DropIn, err = s.Reach(u.Hostname()); err != nil {
		return part, err
	}
	part.Values = setup.Values{{Table: "soap", Key: "url", Value: at}}
	if contact != "" {
		part.Values = append(part.Values, setup.Value{Table: "soap", Key: "contact", Value: contact})
	}
	packages := c.Package
	if len(packages) == 0 {
		packages = there.List("soap", "packages")
	}
	if len(packages) > 0 {
		part.Values = append(part.Values, setup.Value{Table: "soap", Key: "packages", Value: packages})
	}
	return part, nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
