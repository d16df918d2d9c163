package daemon

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"busbar/common/condition"
)

// expirySoon is how long before its end a certificate is spoken of.
const expirySoon = 30 * 24 * time.Hour

// A term is the time in which something signed is good.
type term struct {
	what     string // "certificate", "ca", "crl": the key of [sign]
	file     string
	from, to time.Time // to is zero where it has no end
}

// terms are those of the files that [sign] names. What cannot be read is told by
// who uses it.
func terms(sc SignConfig) []term {
	var list []term
	if sc.Backend == "none" {
		return nil
	}
	for _, f := range []struct{ what, path string }{{"certificate", sc.Certificate}, {"ca", sc.CA}, {"crl", sc.CRL}} {
		if f.path == "" {
			continue
		}
		if t, err := readTerm(f.path); err == nil {
			t.what = f.what
			list = append(list, t)
		}
	}
	return list
}

// readTerm is the time in which all that a PEM file holds is good: the latest
// beginning and the earliest end.
func readTerm(file string) (term, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return term{}, err
	}
	t := term{file: file}
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
				return term{}, err
			}
			from, to = c.NotBefore, c.NotAfter
		case "X509 CRL":
			l, err := x509.ParseRevocationList(block.Bytes)
			if err != nil {
				return term{}, err
			}
			from, to = l.ThisUpdate, l.NextUpdate
		default:
			continue
		}
		found = true
		if from.After(t.from) {
			t.from = from
		}
		if !to.IsZero() && (t.to.IsZero() || to.Before(t.to)) {
			t.to = to
		}
	}
	if !found {
		return term{}, errors.New("it holds no PEM certificate and no revocation list")
	}
	return t, nil
}

// certificates says what has ended, will soon, or has not begun.
func certificates(sc SignConfig, now time.Time) []condition.Condition {
	var list []condition.Condition
	for _, t := range terms(sc) {
		if c, ok := t.condition(now); ok {
			list = append(list, c)
		}
	}
	return list
}

func (t term) condition(now time.Time) (condition.Condition, bool) {
	name := map[string]string{"certificate": "certificate", "ca": "authority", "crl": "revocation list"}[t.what]
	c := condition.Condition{Name: name, Level: condition.Fail}
	switch {
	case now.Before(t.from):
		c.Text, c.Hint = fmt.Sprintf("%s is not valid before %s", t.file, stamp(t.from)), "look at the clock"
	case t.to.IsZero() || t.to.Sub(now) > expirySoon:
		return c, false
	case now.After(t.to):
		c.Since, c.Text = t.to, fmt.Sprintf("%s ended on %s", t.file, stamp(t.to))
	default:
		c.Level, c.Since = condition.Warn, t.to.Add(-expirySoon)
		c.Text = fmt.Sprintf("%s ends on %s", t.file, stamp(t.to))
	}
	if c.Hint == "" {
		c.Hint = map[string]string{
			"certificate": "make a new one with `bus keys issue`, then reload", "ca": "a new authority takes a new certificate for everyone",
			"crl": "write it anew with `bus keys crl`",
		}[t.what]
	}
	return c, true
}
