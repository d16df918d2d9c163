package subscriptions

import (
	"strings"

	"busbar/common/pattern"
)

// Sympa 6.2 (mail_tt2/request_auth.tt2) writes as sympa@HOST, with the Subject
// "AUTH KEY SUB LIST" or "AUTH KEY SIG LIST", the key in hexadecimal. Where it has web
// pages, the key is in a link alone, …/auth/KEY/subscribe?…, below the Subject
// "TITLE / subscribing to LIST" (or "unsubscribing from"), which is known in English. It
// takes the command in the Subject of a mail to sympa@HOST, unless that says
// Auto-Submitted.
var (
	sympaSubject = pattern.New(`^AUTH ([0-9a-f]{8,64}) (SUB|SIG) ([^ @]+) *$`)
	sympaTitle   = pattern.New(`^.* / (subscribing to|unsubscribing from) ([^ @]+)$`)
	sympaLink    = pattern.New(`/auth/([0-9a-f]{8,64})/(subscribe|signoff)\?`)
)

const sympaLocal = "sympa"

func askSympa(w Wish) Mail {
	local, domain := parts(w.List)
	return Mail{To: sympaLocal + "@" + domain, Subject: pick(w.Leave, "UNSUBSCRIBE ", "SUBSCRIBE ") + local}
}

func findSympa(l *letter) *Confirmation {
	c := &Confirmation{Manager: "sympa"}
	key, name := "", ""
	if found := sympaSubject.FindStringSubmatch(l.subject); found != nil {
		key, name, c.Leave = found[1], found[3], found[2] == "SIG"
	} else if found := sympaTitle.FindStringSubmatch(l.subject); found != nil {
		name, c.Leave = found[2], found[1] == "unsubscribing from"
		link := sympaLink.FindStringSubmatch(l.words())
		if link == nil {
			return nil // a mail about something else
		}
		if key = link[1]; (link[2] == "signoff") != c.Leave {
			return c.stray()
		}
	} else {
		return nil
	}
	local, domain := parts(l.from)
	if c.List = strings.ToLower(name + "@" + domain); !strings.EqualFold(local, sympaLocal) || CheckAddress(c.List) != nil {
		return c.stray()
	}
	c.Answer = Mail{To: sympaLocal + "@" + strings.ToLower(domain), Subject: "AUTH " + key + pick(c.Leave, " SIG ", " SUB ") + strings.ToLower(name)}
	return c
}
