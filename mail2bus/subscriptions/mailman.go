package subscriptions

import (
	"strings"

	"busbar/common/pattern"
)

// Mailman 3 writes as LIST-confirm+TOKEN@HOST (verp_confirm_format), Mailman 2 so where
// VERP_CONFIRMATIONS is set; otherwise both as LIST-request@HOST with the Subject
// "confirm TOKEN". The token is a SHA-1 in hexadecimal. Neither says elsewhere than in
// its words, which a site may change and translate, what would be confirmed: those of the
// English templates are known (verify.txt and unsub.txt of Mailman 2,
// list:user:action:subscribe and :unsubscribe of Mailman 3).
var (
	mailmanSender  = pattern.New(`^(.+)-confirm\+([0-9a-f]{40})@(.+)$`)
	mailmanSubject = pattern.New(`^confirm ([0-9a-f]{40})$`)
)

func mailmanWords(leave bool) []string {
	if leave {
		return []string{"mailing list removal confirmation notice for mailing list", "we have received an unsubscription request for the email address"}
	}
	return []string{"mailing list subscription confirmation notice for mailing list", "we have received a registration request for the email address"}
}

func askMailman(w Wish) Mail {
	return Mail{To: command(w.List, pick(w.Leave, "-leave", "-join")), Subject: pick(w.Leave, "unsubscribe", "subscribe")}
}

func findMailman(l *letter) *Confirmation {
	c := &Confirmation{Manager: "mailman"}
	token := ""
	if found := mailmanSender.FindStringSubmatch(l.from); found != nil {
		token, c.List = found[2], strings.ToLower(found[1]+"@"+found[3])
		if CheckAddress(c.List) != nil {
			return c.stray()
		}
		c.Answer = Mail{To: command(c.List, "-confirm+"+token), Subject: "Re: confirm " + token}
	} else if found := mailmanSubject.FindStringSubmatch(l.subject); found != nil {
		list, ok := l.sentBy("-request")
		if !ok {
			return c.stray()
		}
		token, c.List = found[1], list
		c.Answer = Mail{To: command(list, "-request"), Subject: "confirm " + token}
	} else {
		return nil
	}
	words := l.words()
	joins, leaves := containsAny(words, mailmanWords(false)), containsAny(words, mailmanWords(true))
	switch c.Leave, c.words = leaves, words; {
	case joins == leaves:
		c.Unclear = "its words do not tell whether it is about joining or leaving"
	case !strings.Contains(words, "confirm "+token):
		c.Unclear = "its words name another token than its header"
	}
	return c
}

func containsAny(s string, any []string) bool {
	for _, one := range any {
		if strings.Contains(s, one) {
			return true
		}
	}
	return false
}
