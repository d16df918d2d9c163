package control

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/outbox"
	"busbar/bus/notify/rule"
	"busbar/bus/notify/self"
)

// A desk is a control with its store, and the mails that it has sent.
type desk struct {
	*Control
	out *outbox.Outbox
	t   *testing.T
	had int64
}

func newDesk(t *testing.T, l self.Limits) *desk {
	t.Helper()
	out, err := outbox.Open(t.Context(), filepath.Join(t.TempDir(), "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	store, err := self.Open(t.Context(), out, l)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{&Control{Store: store, Address: "control@bus.example.org", Own: []string{"control@bus.example.org", "busbar@bus.example.org"}}, out, t, 0}
}

// take hands a mail in, and gives what was mailed because of it.
func (d *desk) take(mail string) []dest.Note {
	d.t.Helper()
	if _, err := d.Take(d.t.Context(), []byte(mail), Envelope{}); err != nil {
		d.t.Fatalf("%s: %v", mail, err)
	}
	return d.mailed()
}

func (d *desk) mailed() (list []dest.Note) {
	d.t.Helper()
	rows, err := d.out.DB().QueryContext(d.t.Context(), "SELECT n, note FROM notify_notes WHERE n > ? ORDER BY n", d.had)
	if err != nil {
		d.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&d.had, &text); err != nil {
			d.t.Fatal(err)
		}
		var n dest.Note
		if err := json.Unmarshal(text, &n); err != nil {
			d.t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}

// from is a mail of commands.
func from(who, text string) string {
	return "From: " + who + "\nMessage-ID: <1@home.example.org>\nSubject: hello\n\n" + text + "\n"
}

var code = regexp.MustCompile(`(?m)^CONFIRM (\S+)$`)

// codeIn is the code that a mail asks to be sent back.
func (d *desk) codeIn(list []dest.Note, to string) string {
	d.t.Helper()
	for _, n := range list {
		if m := code.FindStringSubmatch(n.Text); m != nil && n.To == to {
			return m[1]
		}
	}
	d.t.Fatalf("no code for %s in %+v", to, list)
	return ""
}

func (d *desk) subscriptions(who string) (text string) {
	d.t.Helper()
	err := d.Store.Do(d.t.Context(), func(t *self.Tx) error {
		list, err := t.Subscriptions(who)
		for _, s := range list {
			text += s.Package + " "
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.TrimSpace(text)
}

// TestSubscribe: nothing happens before the code comes back, and then all that was asked,
// once; the commands are those of the package tracker.
func TestSubscribe(t *testing.T) {
	d := newDesk(t, self.DefaultLimits())
	asked := d.take(from("Jane <Jane@example.org>", "subscribe hello\nsubscribe libstdc++\nkeyword hello = bts, build\n-- \nJane"))
	if len(asked) != 1 || asked[0].To != "jane@example.org" || asked[0].Re != "1@home.example.org" || !strings.Contains(asked[0].Text, "    keyword hello = bts build\n") {
		t.Fatalf("%+v", asked)
	}
	if got := d.subscriptions("jane@example.org"); got != "" {
		t.Fatalf("subscribed without confirmation: %s", got)
	}
	token := d.codeIn(asked, "jane@example.org")
	said := d.take(from("jane@example.org", "> subscribe other\n> CONFIRM "+token+"\nthanks"))
	if got := d.subscriptions("jane@example.org"); got != "hello libstdc++" || len(said) != 1 || !strings.Contains(said[0].Text, "is subscribed to hello.") || !strings.Contains(said[0].Text, "now: bts build") {
		t.Fatalf("%s; %+v", got, said)
	}
	source := &self.Source{Store: d.Store, Prefix: "org.debian"}
	people, err := source.Read(t.Context())
	if err != nil || len(people) != 1 || len(people[0].Rules) != 2 || people[0].Rules[0].Filter.Text != "package:hello keyword:bts keyword:build" || people[0].Rules[0].To[0] != (rule.Address{Way: "mail", To: "jane@example.org"}) {
		t.Fatalf("%+v, %v", people, err)
	}
	if again := d.take(from("jane@example.org", "CONFIRM "+token)); !strings.Contains(again[0].Text, "was used") {
		t.Errorf("a code that was used: %+v", again)
	}
	listed := d.take(from("jane@example.org", "which\nkeyword hello\nkeywords\nhelp\nwho hello\nkeyword hello + nothing\nnonsense"))[0].Text
	for _, want := range []string{"* libstdc++", "* hello (bts build)", "* upload-source", "unsubscribeall", "is not told", `"nothing" is no keyword`, "> nonsense\nThis is no command"} {
		if !strings.Contains(listed, want) {
			t.Errorf("no %q in\n%s", want, listed)
		}
	}
	for commands, want := range map[string]string{"unsubscribe hello": "libstdc++", "unsubscribeall": ""} {
		asked := d.take(from("jane@example.org", commands))
		d.take(from("jane@example.org", "confirm "+d.codeIn(asked, "jane@example.org")))
		if got := d.subscriptions("jane@example.org"); strings.Contains(got, "hello") || want == "" && got != "" {
			t.Errorf("after %s: %s", commands, got)
		}
	}
}

// TestUnsubscribeRule: the mail that List-Unsubscribe has written ends a rule of its name,
// of its person alone, once it is confirmed.
func TestUnsubscribeRule(t *testing.T) {
	d := newDesk(t, self.DefaultLimits())
	var id int64
	err := d.Store.Do(t.Context(), func(tx *self.Tx) (err error) {
		for _, who := range []string{"bob@example.org", "jane@example.org"} {
			if err = tx.Admit(who); err == nil {
				id, err = tx.PutRule(who, self.Kept{Form: rule.Form{Name: "Tea, weekly!", Filter: "package:tea"}})
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	asked := d.take("From: jane@example.org\nSubject: unsubscribe " + dest.Slug("Tea, weekly!") + "\n\n")
	off := func(who string, id int64) bool {
		var k self.Kept
		if err := d.Store.Do(t.Context(), func(tx *self.Tx) (err error) { k, err = tx.Rule(who, id); return err }); err != nil {
			t.Fatal(err)
		}
		return k.Form.Off
	}
	if off("jane@example.org", id) {
		t.Error("it is off before it is confirmed")
	}
	d.take(from("jane@example.org", "CONFIRM "+d.codeIn(asked, "jane@example.org")))
	if !off("jane@example.org", id) || off("bob@example.org", id-1) {
		t.Error("the rule is on, or another's is off")
	}
}

// TestOthers: who subscribes somebody else gets no code and learns nothing of them, and
// they get one mail an hour.
func TestOthers(t *testing.T) {
	d := newDesk(t, self.DefaultLimits())
	var toVictim, toMallory int
	for range 20 {
		for _, n := range d.take(from("mallory@example.org", "subscribe hello victim@example.org")) {
			switch n.To {
			case "victim@example.org":
				toVictim++
			case "mallory@example.org":
				toMallory++
			}
			if n.To != "victim@example.org" && code.MatchString(n.Text) {
				t.Errorf("the code goes to %s", n.To)
			}
		}
		for _, n := range d.take(from("victim@example.org", "subscribe hello")) { // forged
			if n.To == "victim@example.org" {
				toVictim++
			}
		}
	}
	if toVictim != 1 || toMallory != 1 {
		t.Errorf("%d mails to the victim and %d to the sender", toVictim, toMallory)
	}
	many := "which victim@example.org\nkeyword victim@example.org\n"
	for i := range 30 {
		many += fmt.Sprintf("subscribe hello v%d@example.org\n", i)
	}
	d = newDesk(t, self.DefaultLimits())
	list := d.take(from("mallory@example.org", many))
	if len(list) > 1+maxOthers || !strings.Contains(list[len(list)-1].Text, "victim@example.org alone") {
		t.Errorf("%d mails: %+v", len(list), list)
	}
	if got := d.subscriptions("victim@example.org"); got != "" {
		t.Errorf("the victim subscribes to %s", got)
	}
}

// TestFlood: a flood of mails about ever other addresses makes a bounded number of mails.
func TestFlood(t *testing.T) {
	d := newDesk(t, self.DefaultLimits())
	err := d.Store.Do(t.Context(), func(tx *self.Tx) error {
		for range toStrangers - 5 {
			if ok, err := tx.Allow("mailed", "strangers", toStrangers, mailedWithin); !ok || err != nil {
				return fmt.Errorf("allowed: %v, %w", ok, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	mails := 0
	for i := range 20 {
		mails += len(d.take(from(fmt.Sprintf("m%d@example.org", i), fmt.Sprintf("subscribe hello v%d@example.org", i))))
	}
	if mails != 5 {
		t.Errorf("%d mails", mails)
	}
}

// TestGuess: no code but the one that was mailed does anything, nor one of another kind.
func TestGuess(t *testing.T) {
	d := newDesk(t, self.DefaultLimits())
	token := d.codeIn(d.take(from("jane@example.org", "subscribe hello")), "jane@example.org")
	var other string
	err := d.Store.Do(t.Context(), func(tx *self.Tx) (err error) {
		other, err = tx.NewToken(self.SignIn, "jane@example.org", "subscribe hello")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	flipped := "a"
	if token[0] == 'a' {
		flipped = "b"
	}
	for _, guess := range []string{flipped + token[1:], token[1:], token + "a", other, "", strings.Repeat("a", 48), strings.Repeat("x", 5000), "' OR 1=1 --"} {
		d.take(from("m"+fmt.Sprint(len(guess))+"@example.org", "CONFIRM "+guess))
	}
	if got := d.subscriptions("jane@example.org"); got != "" {
		t.Errorf("a guess subscribes to %s", got)
	}
	d.take(from("somebody@example.net", "CONFIRM "+strings.ToUpper(token))) // from another address of hers
	if got := d.subscriptions("jane@example.org"); got != "hello" {
		t.Errorf("the code itself: %q", got)
	}
}

// TestLoops: nothing is answered that is of a program, a list or ours, and a vacation
// reply that says nothing of itself confirms nothing.
func TestLoops(t *testing.T) {
	d := newDesk(t, self.DefaultLimits())
	asked := d.take(from("jane@example.org", "subscribe hello"))
	token := d.codeIn(asked, "jane@example.org")
	body := "\n\nCONFIRM " + token + "\nhelp\n"
	for _, head := range []string{
		"From: jane@example.org\nAuto-Submitted: auto-replied",
		"From: jane@example.org\nAuto-Submitted: auto-generated (vacation)",
		"From: jane@example.org\nPrecedence: Bulk",
		"From: jane@example.org\nPrecedence: list",
		"From: jane@example.org\nList-Id: <x.example.org>",
		"From: jane@example.org\nX-Autoreply: yes",
		"From: jane@example.org\nX-Loop: busbar@bus.example.org",
		"From: jane@example.org\nX-Busbar-Kind: answer",
		"From: jane@example.org\nContent-Type: multipart/report; boundary=x",
		"Return-Path: <>\nFrom: jane@example.org",
		"From: Mail Delivery System <MAILER-DAEMON@example.org>",
		"From: control@bus.example.org",
		"From: kitchen-request@lists.example.org",
		"Subject: no sender",
		"From: jane",
	} {
		if list := d.take(head + body); len(list) > 0 {
			t.Errorf("%s: answered: %+v", head, list)
		}
	}
	if did, err := d.Take(t.Context(), []byte("From: jane@example.org"+body), Envelope{Known: true}); err != nil || !strings.HasPrefix(did, "not answered") {
		t.Errorf("an empty sender: %s, %v", did, err)
	}
	d.take("From: jane@example.org\nSubject: Re: " + asked[0].Subject + " CONFIRM " + token + "\n\nI am away until Monday.\n")
	if got := d.subscriptions("jane@example.org"); got != "" {
		t.Errorf("a program's mail subscribes to %s", got)
	}
	// Two of us, with a program between them that hides what they are: it ends.
	for i, list := 0, asked; len(list) > 0; i++ {
		if i > 3 {
			t.Fatal("they write to each other for ever")
		}
		list = d.take(from("robot@example.org", list[0].Text))
	}
}

// TestMany: bounds are kept, and say so.
func TestMany(t *testing.T) {
	l := self.DefaultLimits()
	l.Packages, l.People = 5, 1
	d := newDesk(t, l)
	text := ""
	for i := range 200 {
		text += fmt.Sprintf("subscribe p%d\n", i)
	}
	asked := d.take(from("jane@example.org", text))
	if !strings.Contains(asked[0].Text, "100 commands are the most") {
		t.Errorf("%s", asked[0].Text)
	}
	said := d.take(from("jane@example.org", "CONFIRM "+d.codeIn(asked, "jane@example.org")))
	if got := d.subscriptions("jane@example.org"); len(strings.Fields(got)) != 5 || !strings.Contains(said[0].Text, "5 packages are the most") {
		t.Errorf("%s; %s", got, said[0].Text)
	}
	token := d.codeIn(d.take(from("bob@example.org", "subscribe hello")), "bob@example.org")
	d.take(from("bob@example.org", "CONFIRM "+token))
	if got := d.subscriptions("bob@example.org"); got != "" {
		t.Errorf("one person too many subscribes to %s", got)
	}
	if list := d.take(from("eve@example.org", strings.Repeat("nonsense\n", 1000))); strings.Count(list[0].Text, "This is no command") != maxErrors {
		t.Errorf("%s", list[0].Text)
	}
}

// TestInjection: what a stranger writes is never a line of a header, or a command of
// somebody else's.
func TestInjection(t *testing.T) {
	d := newDesk(t, self.DefaultLimits())
	list := d.take("From: jane@example.org\nSubject: =?utf-8?q?x=0D=0ABcc:_all@example.org?=\nMessage-ID: <a\r\n b@c>\n\nsubscribe hello\x00\nsubscribe he\x1bllo\nsubscribe -rf\nsubscribe ../x\nsubscribe <script>\n")
	for _, n := range list {
		if strings.ContainsAny(n.Subject+n.Re, "\r\n\x00\x1b") || strings.ContainsAny(n.Text, "\r\x00\x1b") {
			t.Errorf("%+q", n.Subject+n.Re+n.Text)
		}
	}
	if code.MatchString(list[0].Text) && !strings.Contains(list[0].Text, "    subscribe hello\n\n") {
		t.Errorf("%s", list[0].Text)
	}
}
