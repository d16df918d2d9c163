package node

import (
	"busbar/common/event"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"busbar/common/condition"
	"busbar/common/config"
	"busbar/common/sign"
)

// expirySoon is how long before its end a certificate is spoken of.
const expirySoon = 30 * 24 * time.Hour

// A Term is the time in which something signed is good.
type Term struct {
	What     string // "certificate", "key" (an OpenPGP one), "ca", "crl": the key of [sign]
	File     string
	From, To time.Time // To is zero where it has no end
	cert     *x509.Certificate
}

// Terms are those of the files that [sign] names. What cannot be read is left out: who
// needs it says so.
func Terms(sc config.Sign) []Term { return terms(sc, nil) }

// terms are those of the files that [sign] names, and of the certificate in force,
// if a daemon signs. What cannot be read is reported by others (unreadable).
func terms(sc config.Sign, signer *sign.Signer) []Term {
	var list []Term
	if sc.Backend == "none" {
		return nil
	}
	if sc.Backend == "gpg" {
		sc.Certificate = ""
		list = append(list, keyTerms(sc, signer)...)
	}
	if signer != nil && signer.Certificate() != nil {
		c := signer.Certificate()
		list = append(list, Term{What: "certificate", File: sc.Certificate, From: c.NotBefore, To: c.NotAfter})
		sc.Certificate = ""
	}
	for _, f := range []struct{ what, path string }{{"certificate", sc.Certificate}, {"ca", sc.CA}, {"crl", sc.CRL}} {
		if f.path == "" {
			continue
		}
		if t, err := readTerm(f.path); err == nil {
			t.What = f.what
			list = append(list, t)
		}
	}
	return list
}

// keyTerms is that of the OpenPGP key that signs.
func keyTerms(sc config.Sign, signer *sign.Signer) []Term {
	if signer == nil {
		var err error
		if signer, err = sc.Signer(); err != nil {
			return nil
		}
	}
	key := signer.Key()
	if key == nil { // the file says gpg, and what signs is of before
		return nil
	}
	return []Term{{What: "key", File: sc.Key, From: key.From, To: key.To}}
}

// readTerm is the time in which all that a PEM file holds is good: the latest
// beginning and the earliest end.
func readTerm(file string) (Term, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Term{}, err
	}
	t := Term{File: file}
	found := false
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		var from, to time.Time
		switch block.Type {
		case "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return Term{}, err
			}
			from, to = c.NotBefore, c.NotAfter
			if t.cert == nil {
				t.cert = c
			}
		case "X509 CRL":
			l, err := x509.ParseRevocationList(block.Bytes)
			if err != nil {
				return Term{}, err
			}
			from, to = l.ThisUpdate, l.NextUpdate
		default:
			continue
		}
		found = true
		if from.After(t.From) {
			t.From = from
		}
		if !to.IsZero() && (t.To.IsZero() || to.Before(t.To)) {
			t.To = to
		}
	}
	if !found {
		return Term{}, errors.New("it holds no PEM certificate and no revocation list")
	}
	return t, nil
}

// certificates says what has ended, will soon, or has not begun, what is revoked,
// and what a start would not find any more.
func certificates(sc config.Sign, signer *sign.Signer, now time.Time) []condition.Condition {
	var list []condition.Condition
	for _, t := range terms(sc, signer) {
		if c, ok := t.Condition(now); ok {
			list = append(list, c)
		}
	}
	if sc.Backend == "none" {
		return list
	}
	if signer != nil {
		list = append(list, unreadable(sc)...)
	}
	if c, ok := revoked(sc, signer); ok {
		list = append(list, c)
	}
	return list
}

// unreadable says which of the files that a daemon signs with it could not read
// again.
func unreadable(sc config.Sign) []condition.Condition {
	var list []condition.Condition
	files := []struct{ what, path string }{{"certificate", sc.Certificate}, {"key", sc.Key}}
	if sc.Backend == "gpg" {
		files = files[1:]
	}
	for _, f := range files {
		file, err := os.Open(f.path)
		if err == nil {
			file.Close()
			continue
		}
		list = append(list, condition.Condition{
			Name: f.what + " file", Level: condition.Warn, Text: "what was read at the start is in force, but now: " + err.Error(),
			Hint: "put it back: the next start would fail",
		})
	}
	return list
}

// revoked says whether the authority's list that is here has the certificate that
// is signed with: subscribers have it, or will.
func revoked(sc config.Sign, signer *sign.Signer) (condition.Condition, bool) {
	if sc.CA == "" || sc.CRL == "" {
		return condition.Condition{}, false
	}
	var cert *x509.Certificate
	if sc.Backend == "gpg" {
		return condition.Condition{}, false // keys are not on such a list
	}
	if signer != nil {
		cert = signer.Certificate()
	} else if t, err := readTerm(sc.Certificate); err == nil {
		cert = t.cert
	}
	if cert == nil || !sign.Revoked(cert, sc.CA, sc.CRL) {
		return condition.Condition{}, false
	}
	return condition.Condition{
		Name: "certificate revoked", Level: condition.Fail, Text: fmt.Sprintf("%s is revoked by %s: no subscriber believes what is signed with it", sc.Certificate, sc.CRL),
		Hint: "make a new one with `bus keys issue`, then reload",
	}, true
}

// Condition is what is wrong with it, if anything is: it has ended, will soon, or has not
// begun.
func (t Term) Condition(now time.Time) (condition.Condition, bool) {
	name := map[string]string{"certificate": "certificate", "key": "signing key", "ca": "authority", "crl": "revocation list"}[t.What]
	c := condition.Condition{Name: name, Level: condition.Fail}
	switch {
	case now.Before(t.From):
		c.Text, c.Hint = fmt.Sprintf("%s is not valid before %s", t.File, event.Stamp(t.From)), "look at the clock"
	case t.To.IsZero() || t.To.Sub(now) > expirySoon:
		return c, false
	case now.After(t.To):
		c.Since, c.Text = t.To, fmt.Sprintf("%s ended on %s", t.File, event.Stamp(t.To))
	default:
		c.Level, c.Since = condition.Warn, t.To.Add(-expirySoon)
		c.Text = fmt.Sprintf("%s ends on %s", t.File, event.Stamp(t.To))
	}
	if c.Hint == "" {
		c.Hint = map[string]string{
			"certificate": "make a new one with `bus keys issue`, then reload", "ca": "a new authority takes a new certificate for everyone",
			"crl": "renew it with `bus keys crl`", "key": "have it last longer (gpg --edit-key, expire) or make another with `bus keys gpg-make`; subscribers need its public part again; then reload",
		}[t.What]
	}
	return c, true
}
