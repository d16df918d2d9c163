package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"busbar/common/config"
	"busbar/common/secret"
	"busbar/soapbus/sweep"
)

// Config is the configuration of soapbus.
type Config struct {
	config.Shared
	SOAP   SOAPConfig   `toml:"soap"`
	Canary CanaryConfig `toml:"canary"`
}

// SOAPConfig is the [soap] table.
type SOAPConfig struct {
	URL      secret.URL      `toml:"url" doc:"The tracker's SOAP address, such as https://bugs.debian.org/cgi-bin/soap.cgi."`
	Contact  string          `toml:"contact" doc:"Address of a person, sent to the tracker's operators with every request (User-Agent)."`
	Interval config.Duration `toml:"interval" doc:"How often a round begins, give or take a tenth."`
	Rate     int             `toml:"rate" doc:"Requests a minute at most, evenly spaced; never two at a time."`

	Packages    []string `toml:"packages" doc:"Watch the bugs of these packages; src:NAME is a source package. All watch lists empty: every bug."`
	Maintainers []string `toml:"maintainers" doc:"Watch the bugs of these maintainers' packages, by address."`
	Severities  []string `toml:"severities" doc:"Watch the open bugs of these severities."`
	Usertags    []string `toml:"usertags" doc:"Watch the bugs that bear these usertags, each USER/TAG."`
	Bugs        []int    `toml:"bugs" doc:"Watch these bugs."`
	Users       []string `toml:"users" doc:"Users whose usertags are published."`

	Full     config.Duration `toml:"full" doc:"In which time every bug is asked once, whether it seems to have changed or not."`
	Recent   config.Duration `toml:"recent" doc:"For how long a bug that changed is asked in every round."`
	Grace    config.Duration `toml:"grace" doc:"How long mail has to report a change first."`
	Patience config.Duration `toml:"patience" doc:"With follow: how long mail has to report a change that mail reports, since the last one of the bug, before it is published from here."`
	Follow   bool            `toml:"follow" doc:"Follow the bus ([bus] subscribe and discover, [sign] ca): what was published there, also while this program was away, is suppressed here, and the bugs named there are asked next."`
	First    int             `toml:"first" doc:"The tracker's lowest bug number."`
	Timeout  config.Duration `toml:"timeout" doc:"What one request may take."`
	MaxReply config.Size     `toml:"max_reply" doc:"What one reply may have; a log that is larger is left out, and that is said."`
}

// DefaultConfig is the configuration before any file is read.
func DefaultConfig() *Config {
	return &Config{
		Shared: config.DefaultShared(),
		SOAP: SOAPConfig{
			Interval: config.Duration(5 * time.Minute), Rate: 12, Full: config.Duration(48 * time.Hour),
			Recent: config.Duration(72 * time.Hour), Grace: config.Duration(2 * time.Minute), Patience: config.Duration(10 * time.Minute), First: 1,
			Timeout: config.Duration(2 * time.Minute), MaxReply: 64 << 20,
		},
		Canary: CanaryConfig{Canary: config.DefaultCanary()},
	}
}

// Complete checks what needs no tracker.
func (all *Config) Complete() error {
	c := all.SOAP
	for _, least := range []struct {
		key   string
		value config.Duration
		least time.Duration
	}{
		{"interval", c.Interval, time.Second}, {"full", c.Full, time.Second}, {"recent", c.Recent, 0},
		{"grace", c.Grace, 0}, {"patience", c.Patience, 0}, {"timeout", c.Timeout, time.Millisecond},
	} {
		if time.Duration(least.value) < least.least {
			return fmt.Errorf("checking [soap] %s: %s is less than %s", least.key, time.Duration(least.value), least.least)
		}
	}
	switch {
	case c.Rate < 1 || c.Rate > 60_000:
		return fmt.Errorf("checking [soap] rate: %d is not between 1 and 60000 requests a minute", c.Rate)
	case c.First < 1:
		return fmt.Errorf("checking [soap] first: %d is no bug number", c.First)
	case c.MaxReply < 64<<10:
		return fmt.Errorf("checking [soap] max_reply: %d bytes are less than 64KiB, which one bug may need", c.MaxReply)
	}
	for _, t := range c.Usertags {
		if user, tag, ok := strings.Cut(t, "/"); !ok || user == "" || tag == "" {
			return fmt.Errorf("checking [soap] usertags: %q is not USER/TAG", t)
		}
	}
	for _, b := range c.Bugs {
		if b < 1 {
			return fmt.Errorf("checking [soap] bugs: %d is no bug number", b)
		}
	}
	for _, list := range [][]string{c.Packages, c.Maintainers, c.Severities, c.Users} {
		if slices.Contains(list, "") {
			return errors.New("checking [soap]: a list has an empty entry, which would ask for more than is meant")
		}
	}
	if err := all.Canary.check(); err != nil {
		return err
	}
	if c.URL.Empty() {
		return nil
	}
	u, err := url.Parse(c.URL.Reveal())
	if err != nil {
		return fmt.Errorf("checking [soap] url: %w", secret.Hide(c.URL.Reveal(), err))
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fmt.Errorf("checking [soap] url: %q does not begin with https:// or http:// and a host", c.URL.String())
	}
	return nil
}

// something fails where nobody could be asked.
func (c *Config) something() error {
	switch {
	case c.SOAP.URL.Empty():
		return errors.New("[soap] url is not set: which tracker is to be asked?")
	case c.SOAP.Follow && len(c.Bus.Publishers()) == 0:
		return errors.New("[soap] follow is set, but [bus] subscribe is empty, and so is discover: which publishers are to be followed?")
	}
	return nil
}

func (c SOAPConfig) watch() sweep.Watch {
	return sweep.Watch{Packages: c.Packages, Maintainers: c.Maintainers, Severities: c.Severities, Usertags: c.Usertags, Bugs: c.Bugs}
}
