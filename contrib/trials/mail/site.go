package main

import (
	"errors"
	"os"
	"path/filepath"

	"busbar/common/sign"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/ports"
)

const publisher = "mail2bus.trial"

// A site is one installation of mail2bus, and the daemon that runs there.
type site struct {
	*trial.Site
	maildir, spool trial.Maildir
	journal        string
	address        string // host:port
	verifier       *sign.Verifier
	daemon         *trial.Victim
}

// install makes keys and configuration. Journal and spool lie in the folder
// given, the Maildir does not.
func install(at *trial.Site, in string) (*site, error) {
	s := &site{Site: at, maildir: trial.Maildir(at.Path("maildir")), spool: trial.Maildir(filepath.Join(in, "spool")), journal: filepath.Join(in, "journal.db")}
	ca, err := sign.CreateCA(s.Path("keys"), "Trial CA", 1)
	if err != nil {
		return nil, err
	}
	if _, err := ca.CRL(7); err != nil {
		return nil, err
	}
	crt, key, err := ca.Issue("mail2bus.example.org", 7)
	if err != nil {
		return nil, err
	}
	s.verifier, err = sign.NewVerifier(sign.VerifierOptions{CAFile: s.Path("keys/ca.crt"), CRLFile: s.Path("keys/crl.pem")})
	if err != nil {
		return nil, err
	}
	if err := s.Mkdir(string(s.spool)); err != nil {
		return nil, err
	}
	if err := s.maildir.Make(); err != nil {
		return nil, err
	}
	if s.address, err = ports.Address(); err != nil {
		return nil, err
	}
	s.daemon = s.Daemon("mail2bus", "run")
	return s, s.Configure("mail2bus", "[bus]\nname = %q\npublish = [%q]\njournal = %q\nheartbeat = \"500ms\"\n[sign]\ncertificate = %q\nkey = %q\n[mail]\nmaildir = [%q]\nspool = %q\n",
		publisher, "tcp://"+s.address, s.journal, crt, key, s.maildir, s.spool)
}

// addLines adds lines to the configuration's [mail].
func (s *site) addLines(lines string) error {
	f, err := os.OpenFile(s.Config("mail2bus"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(lines + "\n")
	return errors.Join(err, f.Close())
}

// empty says that no mail waits.
func (s *site) empty() (bool, error) {
	for _, dir := range []trial.Maildir{s.maildir, s.spool} {
		if n, err := dir.Waiting(); err != nil || n > 0 {
			return false, err
		}
	}
	return true, nil
}
