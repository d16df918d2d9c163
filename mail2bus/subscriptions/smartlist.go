package subscriptions

import (
	"strings"

	"busbar/common/pattern"
)

// SmartList 3.15 with Debian's confirm (.bin/confirm, .etc/rc.confirm): it writes as
// "SmartList <LIST-request@HOST>", Subject "CONFIRM " and a cookie: s to join or u to
// leave, then the time as MMDDhhmmss and the number of a process. In-Reply-To names the
// request (formail -r). It takes the cookie in
// the Subject of a mail to LIST-request.
var smartListSubject = pattern.New(`^CONFIRM ([su])([0-9]{11,24})$`)

func askSmartList(w Wish) Mail {
	return Mail{To: command(w.List, "-request"), Subject: pick(w.Leave, "unsubscribe", "subscribe")}
}

func findSmartList(l *letter) *Confirmation {
	found := smartListSubject.FindStringSubmatch(l.subject)
	if found == nil {
		return nil
	}
	c := &Confirmation{Manager: "smartlist", Leave: found[1] == "u"}
	list, ok := l.sentBy("-request")
	if !ok {
		return c.stray()
	}
	c.List, c.Answer = list, Mail{To: command(list, "-request"), Subject: "CONFIRM " + found[1] + found[2]}
	return c
}

func pick(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// cutFold is strings.CutSuffix, whatever the case of ASCII.
func cutFold(s, suffix string) (string, bool) {
	if n := len(s) - len(suffix); n >= 0 && strings.EqualFold(s[n:], suffix) {
		return s[:n], true
	}
	return s, false
}
