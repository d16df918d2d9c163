package subscriptions

import (
	"strings"

	"busbar/common/pattern"
)

// ezmlm and ezmlm-idx (ezmlm-manage.c) write as LIST-help@HOST, with the Reply-To
// LIST-sc.TIME.COOKIE-USER=DOMAIN@HOST to join or LIST-uc.… to leave: the time in seconds
// since 1970, a cookie of 20 letters from a to p, and the subscriber's address. Any mail
// to that address confirms. Below its words is the header of the request (but with -B). Whom it is about is who sent the request, by the envelope.
// (-rc, -tc, -vc and -wc are for moderators.)
var ezmlmReply = pattern.New(`^(.+)-([su])c\.([0-9]{9,11})\.([a-p]{20})-([^@]+)@([^@]+)$`)

func askEzmlm(w Wish) Mail {
	return Mail{To: command(w.List, pick(w.Leave, "-unsubscribe", "-subscribe")), Subject: pick(w.Leave, "unsubscribe", "subscribe")}
}

func findEzmlm(l *letter) *Confirmation {
	found := ezmlmReply.FindStringSubmatch(l.replyTo)
	if found == nil {
		return nil
	}
	c := &Confirmation{Manager: "ezmlm", Leave: found[2] == "u", target: found[5]}
	list, ok := l.sentBy("-help")
	if !ok || list != strings.ToLower(found[1]+"@"+found[6]) {
		return c.stray()
	}
	local, domain := parts(list)
	c.List = list
	c.Answer = Mail{To: local + "-" + found[2] + "c." + found[3] + "." + found[4] + "-" + found[5] + "@" + domain, Subject: "confirm"}
	return c
}
