package subscriptions

import (
	"errors"
	"fmt"
	"strings"
)

// maxLocal and maxDomain are the bounds of RFC 5321 §4.5.3.1; a label of a domain has
// at most maxLabel bytes (RFC 1035 §2.3.4).
const (
	maxLocal  = 64
	maxDomain = 255
	maxLabel  = 63
)

// CheckAddress says what is wrong with an address of a list or of a mailbox: it goes
// into headers, so that it is made of plain characters alone.
func CheckAddress(text string) error { return checkAddress(text, maxLocal) }

func checkAddress(text string, most int) error {
	local, domain := parts(text)
	switch {
	case !strings.Contains(text, "@"):
		return fmt.Errorf("%q is no address such as cooks@lists.example.org", text)
	case local == "" || len(local) > most || local[0] == '-' || local[0] == '.' || !only(local, isLocal):
		return fmt.Errorf("the part of %q before the @ has other characters than letters, digits and ._+=-, begins with - or ., or is too long", text)
	case len(domain) > maxDomain:
		return fmt.Errorf("the domain of %q is too long", text)
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' || !only(label, isLabel) {
			return fmt.Errorf("%q has no domain such as lists.example.org", text)
		}
	}
	return nil
}

// CheckList says what is wrong with the address of a list.
func CheckList(text string) error {
	if err := CheckAddress(text); err != nil {
		return err
	}
	local, domain := parts(text)
	for _, suffix := range []string{"-request", "-subscribe", "-unsubscribe", "-join", "-leave", "-confirm", "-owner", "-help"} {
		if name, ok := strings.CutSuffix(strings.ToLower(local), suffix); ok && name != "" {
			return fmt.Errorf("%q is for commands: give the list's own address, %s@%s", text, name, domain)
		}
	}
	return nil
}

// checkSender says where a list manager would not answer an address, for it takes it
// for a program's (procmail's FROM_DAEMON, on which SmartList stands).
func checkSender(address string) error {
	local, _ := parts(strings.ToLower(address))
	for _, name := range []string{
		"postmaster", "mailer", "sendmail", "mail", "daemon", "mmdf", "majordomo", "uucp", "nuucp", "listserv", "listproc", "netserv",
		"owner", "ops", "request", "response", "root", "bounce", "smtp", "echo", "mirror", "service", "services", "server", "serv",
		"system", "admin", "administrator", "ammgr", "autoanswer",
	} {
		if local == name || strings.HasPrefix(local, name+"-") {
			return errors.New("SmartList answers no mails from " + address + ", which looks like a program's address: subscribe another one")
		}
	}
	return nil
}

func parts(address string) (local, domain string) {
	local, domain, _ = strings.Cut(address, "@")
	return local, domain
}

func only(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

func isLabel(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
}

func isLocal(c byte) bool { return isLabel(c) || strings.IndexByte("._+=", c) >= 0 }
