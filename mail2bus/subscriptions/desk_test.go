package subscriptions

import (
	"context"
	"errors"
	"net/textproto"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"busbar/common/mail"
	"busbar/common/translate"
)

const (
	theList    = "cooks@lists.example.org"
	theAddress = "bus@example.net"
	// theRequest is in the dialogues of list managers that show it.
	theRequest = "busbar.57d4f6ai2fqc3vommitn5du7yz@example.net"
)

var asked = time.Date(2026, 11, 29, 11, 54, 8, 0, time.UTC)

// A room is a desk with a book, and the mails that it sent.
type room struct {
	*Desk
	t    *testing.T
	now  time.Time
	sent []string // "FROM TO TEXT"
	fail error
}

func newRoom(t *testing.T, s ...Subscription) *room {
	t.Helper()
	r := &room{t: t, now: asked.Add(time.Minute)}
	book := &Book{File: filepath.Join(t.TempDir(), "book"), Now: func() time.Time { return r.now }}
	r.Desk = Open(Options{Book: book, Send: func(_ context.Context, from, to string, text []byte) error {
		if r.fail != nil {
			return r.fail
		}
		r.sent = append(r.sent, from+" "+to+" "+string(text))
		return nil
	}})
	if err := book.change(func(c *Contents) (bool, error) { c.Subscriptions = s; return true, nil }); err != nil {
		t.Fatal(err)
	}
	return r
}

// wish is one of the tests'.
func wish(manager string, leave bool) Subscription {
	return Subscription{List: theList, Address: theAddress, Manager: manager, Leave: leave, Asked: asked, Request: theRequest}
}

// comes has a mail come, and answers what waits. The reason is empty where the mail goes on.
func (r *room) comes(text string) (reason string) {
	r.t.Helper()
	it := r.See(translate.Item[any]{Value: mail.Parse([]byte(text), mail.Limits{}), Received: r.now})
	if v, ok := it.Value.(Verdict); ok {
		if v.Err != nil {
			r.t.Fatal(v.Err)
		}
		reason = v.Reason
	}
	if err := r.answerAll(r.t.Context()); err != nil && r.fail == nil {
		r.t.Fatal(err)
	}
	return reason
}

func (r *room) contents() Contents {
	r.t.Helper()
	c, err := r.book.Read()
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// state is the one subscription's.
func (r *room) state() State {
	r.t.Helper()
	return r.contents().Subscriptions[0].State(r.now)
}

func dialogue(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/dialogues/" + name + ".eml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const token = "4d9f0c5e6b7a8901f2e3d4c5b6a7980011223344"

// dialogues are what each list manager sends, and what answers it.
var dialogues = []struct {
	name, manager string
	leave         bool
	to, subject   string
}{
	{"smartlist-join", "smartlist", false, "cooks-request@lists.example.org", "CONFIRM s1129115410287"},
	{"smartlist-leave", "smartlist", true, "cooks-request@lists.example.org", "CONFIRM u1129115410287"},
	{"mailman2-join", "mailman", false, "cooks-request@lists.example.org", "confirm " + token},
	{"mailman2-leave", "mailman", true, "cooks-request@lists.example.org", "confirm " + token},
	{"mailman2-join-verp", "mailman", false, "cooks-confirm+" + token + "@lists.example.org", "Re: confirm " + token},
	{"mailman2-leave-verp", "mailman", true, "cooks-confirm+" + token + "@lists.example.org", "Re: confirm " + token},
	{"mailman3-join", "mailman", false, "cooks-confirm+" + token + "@lists.example.org", "Re: confirm " + token},
	{"mailman3-leave", "mailman", true, "cooks-confirm+" + token + "@lists.example.org", "Re: confirm " + token},
	{"mailman3-join-plain", "mailman", false, "cooks-request@lists.example.org", "confirm " + token},
	{"mailman3-leave-plain", "mailman", true, "cooks-request@lists.example.org", "confirm " + token},
	{"ezmlm-join", "ezmlm", false, "cooks-sc.1796336651.abcdefghijklmnopabcd-bus=example.net@lists.example.org", "confirm"},
	{"ezmlm-leave", "ezmlm", true, "cooks-uc.1796336651.abcdefghijklmnopabcd-bus=example.net@lists.example.org", "confirm"},
	{"sympa-join", "sympa", false, "sympa@lists.example.org", "AUTH 9d3d1c8ce5a4a3b2c1d0e9f8a7b6c5d4 SUB cooks"},
	{"sympa-leave", "sympa", true, "sympa@lists.example.org", "AUTH 9d3d1c8ce5a4a3b2c1d0e9f8a7b6c5d4 SIG cooks"},
	{"sympa-join-web", "sympa", false, "sympa@lists.example.org", "AUTH 9d3d1c8ce5a4a3b2c1d0e9f8a7b6c5d4 SUB cooks"},
	{"sympa-leave-web", "sympa", true, "sympa@lists.example.org", "AUTH 9d3d1c8ce5a4a3b2c1d0e9f8a7b6c5d4 SIG cooks"},
}

// TestDialogues answers each list manager, once.
func TestDialogues(t *testing.T) {
	for _, d := range dialogues {
		t.Run(d.name, func(t *testing.T) {
			r := newRoom(t, wish(d.manager, d.leave))
			text := dialogue(t, d.name)
			for range 2 { // it is read again
				if got := r.comes(text); got != IsAnswered {
					t.Fatalf("it is not answered: %s", got)
				}
			}
			if got := r.comes(text + "\n"); got != SecondOne {
				t.Errorf("a copy: %s", got)
			}
			if len(r.sent) != 1 {
				t.Fatalf("%d mails were sent: %q", len(r.sent), r.sent)
			}
			for _, want := range []string{
				theAddress + " " + d.to + " From: " + theAddress + "\nTo: " + d.to + "\nSubject: " + d.subject + "\n", "\nX-Loop: " + theAddress + "\n", "\nIn-Reply-To: <",
			} {
				if !strings.Contains(r.sent[0], want) {
					t.Errorf("it is answered with %q, without %q", r.sent[0], want)
				}
			}
			if auto := strings.Contains(r.sent[0], "\nAuto-Submitted: auto-replied\n"); auto == (d.manager == "sympa") {
				t.Errorf("it says that a program sends it: %v", auto)
			}
			if strings.Contains(r.sent[0], "\nPrecedence:") || strings.Contains(r.sent[0], "\nX-Loop: "+theList) {
				t.Errorf("no list manager reads %q", r.sent[0])
			}
			want := Confirmed
			if d.leave {
				want = Ended
			}
			if got := r.state(); got != want {
				t.Errorf("it is %s", got)
			}
			if got := r.contents().Refused; len(got) != 1 || got[SecondOne] != 1 {
				t.Errorf("refused are %v", got)
			}
		})
	}
}

// TestShown: what was to be shown, or cannot be known for sure, waits for a person.
func TestShown(t *testing.T) {
	show := wish("mailman", false)
	show.Show = true
	german := strings.NewReplacer("subscription confirmation notice for mailing list", "Abonnementbestätigung für die Liste").Replace(dialogue(t, "mailman2-join"))
	for name, c := range map[string]struct {
		wish Subscription
		text string
	}{
		"as asked for":       {show, dialogue(t, "mailman3-join")},
		"another language":   {wish("mailman", false), german},
		"an invitation":      {wish("mailman", false), strings.Replace(dialogue(t, "mailman3-join"), "We have received a registration request for", "You were invited with", 1)},
		"both":               {wish("mailman", false), dialogue(t, "mailman2-join") + dialogue(t, "mailman2-leave")},
		"another token":      {wish("mailman", false), strings.Replace(dialogue(t, "mailman2-join"), "    confirm "+token, "    confirm "+strings.Repeat("0", 40), 1)},
		"no request":         {wish("smartlist", false), strings.ReplaceAll(dialogue(t, "smartlist-join"), theRequest, "")},
		"no request (ezmlm)": {wish("ezmlm", false), strings.ReplaceAll(dialogue(t, "ezmlm-join"), theRequest, "")},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, c.wish)
			if got := r.comes(c.text); got != IsShown || len(r.sent) != 0 || r.state() != Shown {
				t.Fatalf("%q, %s; sent %q", got, r.state(), r.sent)
			}
			if err := r.book.Release("Cooks@lists.example.org"); err != nil {
				t.Fatal(err)
			}
			if err := r.answerAll(t.Context()); err != nil || len(r.sent) != 1 || r.state() != Confirmed {
				t.Errorf("%v, %s; sent %q", err, r.state(), r.sent)
			}
			if err := r.book.Release(theList); err == nil {
				t.Error("it is answered a second time")
			}
		})
	}
	if err := newRoom(t).book.Release(theList); err == nil {
		t.Error("what nobody asked for is answered")
	}
}

// TestKilledBeforeNoting: the same answer goes out again, with the same id and token.
func TestKilledBeforeNoting(t *testing.T) {
	r := newRoom(t, wish("smartlist", false))
	var first string
	killed := make(chan struct{})
	before := Open(Options{Book: r.book, Send: func(_ context.Context, _, _ string, text []byte) error {
		first = string(text)
		runtime.Goexit()
		return nil
	}})
	it := before.See(translate.Item[any]{Value: mail.Parse([]byte(dialogue(t, "smartlist-join")), mail.Limits{}), Received: r.now})
	if v := it.Value.(Verdict); v.Reason != IsAnswered || v.Err != nil {
		t.Fatal(v)
	}
	go func() {
		defer close(killed)
		_ = before.answerAll(context.Background())
	}()
	<-killed
	if got := r.comes(dialogue(t, "smartlist-join")); got != IsAnswered || len(r.sent) != 1 || !strings.HasSuffix(r.sent[0], " "+first) {
		t.Errorf("%s: after %q is sent %q", got, first, r.sent)
	}
	if r.state() != Confirmed {
		t.Errorf("it is %s", r.state())
	}
}

// TestMailSystemAway: an answer waits for the mail system, but not for ever; and one that
// it never takes is not offered again.
func TestMailSystemAway(t *testing.T) {
	r := newRoom(t, wish("ezmlm", true))
	r.fail = errors.New("connection refused")
	if got := r.comes(dialogue(t, "ezmlm-leave")); got != IsAnswered || r.state() != Answering {
		t.Fatalf("%s, %s", got, r.state())
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, _, _, err := (Channel{Desk: r.Desk}).Next(ctx); !errors.Is(err, r.fail) || !strings.Contains(err.Error(), theList) {
		t.Errorf("it says %v", err)
	}
	r.fail = &textproto.Error{Code: 451, Msg: "later"}
	if err := r.answerAll(t.Context()); err == nil || r.state() != Answering {
		t.Errorf("%v, %s", err, r.state())
	}
	r.fail = &textproto.Error{Code: 550, Msg: "no such user"}
	if err := r.answerAll(t.Context()); err != nil || r.state() != Refused {
		t.Errorf("%v, %s", err, r.state())
	}
	late := newRoom(t, wish("ezmlm", true))
	late.fail = errors.New("connection refused")
	late.comes(dialogue(t, "ezmlm-leave"))
	late.fail, late.now = nil, asked.Add(Patience+time.Second)
	if err := late.answerAll(t.Context()); err != nil || len(late.sent) != 0 || late.state() != Expired {
		t.Errorf("%v, %s, sent %q", err, late.state(), late.sent)
	}
}

// TestChannel: an answer goes out while the channel is read, whoever wrote the book.
func TestChannel(t *testing.T) {
	sent := make(chan string, 4)
	book := &Book{File: filepath.Join(t.TempDir(), "book")}
	d := Open(Options{Book: book, Every: time.Millisecond, Send: func(_ context.Context, _, to string, _ []byte) error { sent <- to; return nil }})
	idle := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, _, _, err := Channel{Desk: d, Idle: func() {
			select {
			case idle <- struct{}{}:
			default:
			}
		}}.Next(ctx)
		ended <- err
	}()
	<-idle // there is no book
	if err := book.change(func(c *Contents) (bool, error) {
		s := wish("smartlist", false)
		s.Asked = book.now()
		s.Answer = &Answer{Mail: Mail{To: "cooks-request@lists.example.org", Subject: "CONFIRM s1129115410287"}, ID: "1@example.net", Since: book.now()}
		c.Subscriptions = append(c.Subscriptions, s)
		return true, nil
	}); err != nil {
		t.Fatal(err)
	}
	if to := <-sent; to != "cooks-request@lists.example.org" {
		t.Errorf("sent to %s", to)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestFirstMail: the first mail of a list after the confirmation is noted, also right
// behind the answer.
func TestFirstMail(t *testing.T) {
	for name, answer := range map[string]*Answer{
		"answered long ago": {Sent: asked},
		"answered just now": {Mail: Mail{To: "cooks-request@lists.example.org", Subject: "CONFIRM s1"}, ID: "1@example.org"},
	} {
		t.Run(name, func(t *testing.T) { firstMail(t, answer) })
	}
}

func firstMail(t *testing.T, answer *Answer) {
	s := wish("smartlist", false)
	if s.Answer = answer; !answer.Sent.IsZero() {
		s.Confirmed = asked
	}
	r := newRoom(t, s)
	if err := r.answerAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		header string
		want   bool
	}{
		{"List-Id: <soups.lists.example.org>", false},
		{"X-Mailing-List: <cooks@lists.example.org> archive/latest/1", true},
	} {
		it := translate.Item[any]{Value: mail.Parse([]byte(c.header+"\nFrom: jane@example.org\nSubject: x\n\n"), mail.Limits{}), Received: r.now}
		if _, goesOn := r.See(it).Value.(*mail.Message); !goesOn {
			t.Errorf("%s: the mail does not go on", c.header)
		}
		if got := !r.contents().Subscriptions[0].FirstMail.IsZero(); got != c.want {
			t.Errorf("%s: %v", c.header, got)
		}
	}
}
