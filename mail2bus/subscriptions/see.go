package subscriptions

import (
	"strings"
	"time"

	"busbar/common/mail"
	"busbar/common/translate"
)

// See looks at a mail that was read: a confirmation becomes a [Verdict], and is noted;
// any other stays as it is.
func (d *Desk) See(it translate.Item[any]) translate.Item[any] {
	m, ok := it.Value.(*mail.Message)
	if !ok || it.Recovered {
		return it
	}
	c := Find(m)
	if c == nil {
		d.listMail(m)
		return it
	}
	reason, err := d.decide(c, it.Received)
	if c.Stray && err == nil {
		return it // anybody may write such a subject; it may be news of something
	}
	it.Value = Verdict{Reason: reason, Err: err}
	return it
}

// decide notes what becomes of a confirmation.
func (d *Desk) decide(c *Confirmation, came time.Time) (reason string, err error) {
	known := ""
	err = d.book.change(func(all *Contents) (changed bool, err error) {
		now := d.book.now()
		s := all.of(c.List)
		switch {
		case c.Stray && !waits(all, now):
			reason = ""
			return false, nil
		case c.Stray:
			reason = OtherSender
		case s == nil:
			reason = NobodyAsked
		default:
			known = s.List
			if reason = s.judge(c, now, came); reason == "" {
				changed = s.take(c, now)
				reason = IsAnswered
				if s.Show || s.Answer.Unclear != "" {
					reason = IsShown
				}
				return changed, nil
			}
		}
		all.refuse(reason)
		return true, nil
	})
	if err != nil {
		return reason, err
	}
	switch reason {
	case "":
	case IsAnswered, IsShown:
		d.log.Info("a list asks to confirm", "list", known, "so", reason)
		d.wake()
	default:
		d.warn(reason, known)
	}
	return reason, nil
}

// waits says whether a confirmation of any list is waited for.
func waits(all *Contents, now time.Time) bool {
	for _, s := range all.Subscriptions {
		if s.State(now) == Asked {
			return true
		}
	}
	return false
}

// listMail notes the first mail of a list after the confirmation.
func (d *Desk) listMail(m *mail.Message) {
	waiting := d.silent.Load()
	if waiting == nil || len(*waiting) == 0 {
		return
	}
	for _, list := range *waiting {
		if !isOf(m, list) {
			continue
		}
		err := d.book.change(func(all *Contents) (bool, error) {
			s := all.of(list)
			if s == nil || s.State(d.book.now()) != Confirmed || !s.FirstMail.IsZero() {
				return false, nil
			}
			s.FirstMail = d.book.now()
			return true, nil
		})
		if err != nil {
			d.log.Warn("the first mail of a list could not be noted", "list", list, "error", err)
			continue
		}
		d.log.Info("the first mail of a list came", "list", list)
		d.wake()
	}
}

// isOf says whether a mail came over a list (RFC 2919, RFC 2369 §3.4, and what was used before).
func isOf(m *mail.Message, list string) bool {
	if strings.EqualFold(m.ListID(), strings.Replace(list, "@", ".", 1)) {
		return true
	}
	for _, name := range []string{"List-Post", "X-Mailing-List", "X-BeenThere", "Mailing-List"} {
		if strings.Contains(strings.ToLower(m.Header.Get(name)), list) {
			return true
		}
	}
	return false
}
