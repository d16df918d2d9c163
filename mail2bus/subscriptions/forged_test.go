package subscriptions

import (
	"strings"
	"testing"
	"time"

	"busbar/common/mail"
	"busbar/common/translate"
)

// goesOn stands for the verdict on a mail that is no confirmation at all: it is read as
// any other.
const goesOn = ""

// TestForged: what was not asked for so is not answered, is counted, and says why.
func TestForged(t *testing.T) {
	replace := func(pairs ...string) func(string) string {
		return func(s string) string {
			changed := strings.NewReplacer(pairs...).Replace(s)
			if changed == s {
				t.Errorf("%q changes nothing", pairs)
			}
			return changed
		}
	}
	head := func(field string) func(string) string { return func(s string) string { return field + "\n" + s } }
	day := func(r *room) { r.now = asked.Add(Patience + time.Second) }
	early := func(r *room) { r.now = asked.Add(-skew - time.Minute) }
	none := func(r *room) { r.clear() }
	leave := func(r *room) { r.edit(func(s *Subscription) { s.Leave = true }) }
	manager := func(name string) func(*room) {
		return func(r *room) { r.edit(func(s *Subscription) { s.Manager = name }) }
	}
	same := func(s string) string { return s }
	evil := "mallory@evil.example"
	everybody := []string{"smartlist-join", "mailman2-join", "mailman2-join-verp", "mailman3-join", "mailman3-join-plain", "ezmlm-join", "sympa-join", "sympa-join-web"}
	cases := 0
	for _, c := range []struct {
		name      string
		dialogues []string
		change    func(string) string
		room      func(*room)
		want      string
	}{
		{"nobody asked", everybody, same, none, NobodyAsked},
		{"another list", everybody, replace("cooks", "soups"), nil, NobodyAsked},
		{"another list of that host", everybody, replace("cooks", "cooks2"), nil, NobodyAsked},
		{"another host", everybody, replace("lists.example.org", "lists.evil.example"), nil, NobodyAsked},
		{"a host that ends alike", everybody, replace("@lists.example.org", "@lists.example.org.evil.example"), nil, NobodyAsked},
		{"to another address", everybody, replace("\nTo: bus@example.net", "\nTo: alice@example.net"), nil, OtherAddress},
		{"to two", everybody, replace("\nTo: bus@example.net", "\nTo: bus@example.net, alice@example.net"), nil, OtherAddress},
		{"about another address", []string{"mailman2-join", "mailman3-join", "mailman3-join-plain"}, func(s string) string {
			i := strings.Index(s, "\n\n")
			return s[:i] + strings.ReplaceAll(s[i:], theAddress, "alice@example.net")
		}, nil, OtherAddress},
		{"about another address", []string{"ezmlm-join"}, replace("-bus=example.net@", "-alice=example.net@"), nil, OtherAddress},
		{"another wish", everybody, same, leave, OtherWish},
		{"too late", everybody, same, day, TooLate},
		{"too early", everybody, same, early, TooEarly},
		{"in a circle", everybody, head("X-Loop: " + theAddress), nil, Loops},
		{"in a circle, otherwise written", everybody, head("X-LOOP:   BUS@example.net"), nil, Loops},
		{"answers another mail", everybody, func(s string) string {
			return "References: <other@example.net>\n" + strings.ReplaceAll(s, "<"+theRequest+">", "<guessed@example.net>")
		}, nil, OtherMail},
		{"two senders", everybody, head("From: " + evil), nil, goesOn},
		{"two senders in one field", everybody, replace("\nFrom: ", "\nFrom: "+evil+", "), nil, goesOn},
		{"two subjects", everybody, head("Subject: lunch"), nil, goesOn},
		{"another sender", []string{"smartlist-join", "mailman2-join", "mailman3-join-plain"}, replace("cooks-request@lists.example.org>", "mallory@evil.example>", "From: cooks-request@lists.example.org", "From: "+evil), nil, goesOn},
		{"another sender", []string{"ezmlm-join"}, replace("From: cooks-help@lists.example.org", "From: "+evil), nil, goesOn},
		{"another sender", []string{"sympa-join", "sympa-join-web"}, replace("<sympa@lists.example.org>", "<"+evil+">"), nil, goesOn},
		{"a name that looks like the sender", []string{"smartlist-join"}, replace("SmartList <cooks-request@lists.example.org>", `"cooks-request@lists.example.org" <`+evil+">"), nil, goesOn},
		{"the list itself", []string{"smartlist-join"}, replace("<cooks-request@lists.example.org>", "<cooks@lists.example.org>"), nil, goesOn},
		{"another list's answer address", []string{"ezmlm-join"}, replace("Reply-To: cooks-sc", "Reply-To: soups-sc"), nil, goesOn},
		{"another host's answer address", []string{"ezmlm-join"}, replace("bus=example.net@lists.example.org\nSubject", "bus=example.net@evil.example\nSubject"), nil, goesOn},
		{"for moderators", []string{"ezmlm-join"}, replace("cooks-sc.", "cooks-tc."), nil, goesOn},
		{"a token with other characters", []string{"smartlist-join"}, replace("s1129115410287", "s1129115410287; rm"), nil, goesOn},
		{"a token with other characters", []string{"mailman2-join", "mailman2-join-verp", "mailman3-join", "mailman3-join-plain"}, replace(token, strings.ToUpper(token[:39])+"g"), nil, goesOn},
		{"a token with other characters", []string{"ezmlm-join"}, replace("abcdefghijklmnopabcd", "abcdefghijklmnopabcz"), nil, goesOn},
		{"a short token", []string{"mailman2-join", "mailman3-join"}, replace(token, token[:39]), nil, goesOn},
		{"a field in the subject", []string{"smartlist-join"}, replace("Subject: CONFIRM s1129115410287", "Subject: CONFIRM s1129115410287\n Bcc: "+evil), nil, goesOn},
		{"an encoded line end in the subject", []string{"smartlist-join"}, replace("Subject: CONFIRM s1129115410287", "Subject: =?utf-8?q?CONFIRM_s1129115410287=0D=0ABcc:_"+evil+"?="), nil, goesOn},
		{"an encoded line end in the subject", []string{"mailman2-join"}, replace("Subject: confirm "+token, "Subject: =?utf-8?q?confirm_"+token+"=0ABcc:_"+evil+"?="), nil, goesOn},
		{"an encoded line end in the list", []string{"sympa-join"}, replace("SUB cooks\nMIME", "SUB =?utf-8?q?cooks=0ABcc:x?=\nMIME"), nil, goesOn},
		{"another command", []string{"sympa-join"}, replace("SUB cooks", "DEL cooks bob@example.org"), nil, goesOn},
		{"another link", []string{"sympa-join-web"}, replace("/subscribe?", "/signoff?"), nil, goesOn},
		{"a reply to one", []string{"smartlist-join"}, replace("Subject: CONFIRM", "Subject: Re: CONFIRM"), nil, goesOn},
		{"another manager", []string{"smartlist-join"}, same, manager("mailman"), OtherManager},
		{"another manager", []string{"mailman2-join", "ezmlm-join", "sympa-join"}, same, manager("smartlist"), OtherManager},
	} {
		for _, name := range c.dialogues {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				cases++
				which, _, _ := strings.Cut(name, "-")
				r := newRoom(t, wish(strings.TrimRight(which, "23"), false))
				if c.room != nil {
					c.room(r)
				}
				text := c.change(dialogue(t, name))
				if got := r.comes(text); got != c.want || len(r.sent) != 0 {
					t.Errorf("%q, want %q; sent %q", got, c.want, r.sent)
				}
				counted := r.contents().Refused
				if c.want != goesOn && (len(counted) != 1 || counted[c.want] != 1) {
					t.Errorf("counted is %v", counted)
				}
				if m := mail.Parse([]byte(text), mail.Limits{}); c.want == goesOn && Find(m) != nil && counted[OtherSender] != 1 {
					t.Errorf("counted is %v", counted)
				}
				if len(r.contents().Subscriptions) == 1 && r.contents().Subscriptions[0].Answer != nil {
					t.Error("it takes the place of the real one")
				}
			})
		}
	}
	if cases < 100 {
		t.Errorf("%d cases are few", cases)
	}
}

// clear forgets all wishes.
func (r *room) clear() {
	r.t.Helper()
	if err := r.book.change(func(c *Contents) (bool, error) { c.Subscriptions = nil; return true, nil }); err != nil {
		r.t.Fatal(err)
	}
}

// edit changes the one wish.
func (r *room) edit(do func(*Subscription)) {
	r.t.Helper()
	if err := r.book.change(func(c *Contents) (bool, error) { do(&c.Subscriptions[0]); return true, nil }); err != nil {
		r.t.Fatal(err)
	}
}

// TestRealOneAfterForged: a forged one that is refused does not keep the real one from
// being answered.
func TestRealOneAfterForged(t *testing.T) {
	r := newRoom(t, wish("mailman", false))
	if got := r.comes(strings.ReplaceAll(dialogue(t, "mailman2-leave"), token, strings.Repeat("0", 40))); got != OtherWish {
		t.Fatal(got)
	}
	// Nor does one that a person would have to read.
	unclear := strings.Replace(dialogue(t, "mailman3-join"), "registration", "registering", 1)
	for _, want := range []string{IsShown, SecondOne} {
		if got := r.comes(unclear); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		unclear += "\n"
	}
	if got := r.comes(dialogue(t, "mailman2-join")); got != IsAnswered || len(r.sent) != 1 {
		t.Errorf("%s, sent %q", got, r.sent)
	}
}

// TestAnswersGoToTheList: nothing in a mail but its sender says where the answer goes.
func TestAnswersGoToTheList(t *testing.T) {
	for _, d := range dialogues {
		if d.manager == "ezmlm" {
			continue // whose Reply-To is held against its sender
		}
		r := newRoom(t, wish(d.manager, d.leave))
		text := strings.Replace(dialogue(t, d.name), "\nReply-To: ", "\nX-Was: ", 1)
		if got := r.comes("Reply-To: mallory@evil.example\nReturn-Path: <mallory@evil.example>\nSender: mallory@evil.example\n" + text); got != IsAnswered || len(r.sent) != 1 || strings.Contains(r.sent[0], "evil") {
			t.Errorf("%s: %s, sent %q", d.name, got, r.sent)
		}
	}
}

// TestOldOnes: an import answers nothing, and publishes no token either.
func TestOldOnes(t *testing.T) {
	for _, d := range dialogues {
		r := newRoom(t, wish(d.manager, d.leave))
		it := translate.Item[any]{Value: mail.Parse([]byte(dialogue(t, d.name)), mail.Limits{}), Received: r.now, Recovered: true}
		it = r.See(it)
		if err := r.answerAll(t.Context()); err != nil || len(r.sent) != 0 {
			t.Errorf("%s: %v, sent %q", d.name, err, r.sent)
		}
		if out, err := translate.Run(Translators(), it); err != nil || out.Skip != confirmation+IsOld || out.Translator != name {
			t.Errorf("%s becomes %+v, %v", d.name, out, err)
		}
	}
}

// TestOrdinaryMails go on, and touch nothing.
func TestOrdinaryMails(t *testing.T) {
	r := newRoom(t, wish("smartlist", false))
	for _, text := range []string{
		"", "From: jane@example.org\nSubject: please confirm\n\nconfirm " + token + "\n",
		"From: cooks-request@lists.example.org\nSubject: Welcome to the list\n\n",
		"From: sympa@lists.example.org\nSubject: Mailing lists / subscribing to cooks\n\nwelcome\n",
		"List-Id: <cooks.lists.example.org>\nFrom: jane@example.org\nSubject: CONFIRM something\n\n",
	} {
		it := translate.Item[any]{Value: mail.Parse([]byte(text), mail.Limits{}), Received: r.now}
		if got, ok := r.See(it).Value.(*mail.Message); !ok || got != it.Value {
			t.Errorf("%q becomes %v", text, r.See(it).Value)
		}
		if out, err := translate.Run(Translators(), it); err != nil || out.Translator != "" {
			t.Errorf("%q becomes %+v, %v", text, out, err)
		}
	}
	if c := r.contents(); len(c.Refused) != 0 {
		t.Errorf("counted is %v", c.Refused)
	}
}
