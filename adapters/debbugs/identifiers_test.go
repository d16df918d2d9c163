package debbugs

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/fixtures/bugtracker"
	"busbar/fixtures/cases"
)

// hard are bytes that somebody may take for something else.
const hard = "ab1 \t<>()\"\\=?_@:/,.\x01\x7f\xc3\xa9\xe9\xff\xe2\x80\xa8"

func anyBytes(r *rand.Rand, but string) string {
	b := make([]byte, 1+r.IntN(12))
	for i := range b {
		for b[i] = hard[r.IntN(len(hard))]; strings.IndexByte(but, b[i]) >= 0; {
			b[i] = hard[r.IntN(len(hard))]
		}
	}
	return string(b)
}

// No two identifiers make one id of an event, whatever bytes they are.
func TestIdentifiersAreApart(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	ids := map[string]string{}
	apart := func(what, key string) {
		if other, there := ids[key]; there && other != what {
			t.Errorf("%q and %q have one key %q", what, other, key)
		}
		ids[key] = what
		if err := (event.Event{Kind: createKind, Key: key, Body: Created{}}).Validate(); err != nil {
			t.Error(err)
		}
	}
	drawn := cases.Of(4_000, 20_000)
	for range drawn {
		bug, a, b := 1+r.IntN(30), anyBytes(r, ""), anyBytes(r, "")
		if r.IntN(10) == 0 {
			a += strings.Repeat("x", 250) + anyBytes(r, "")
		}
		apart(fmt.Sprintf("message %d %q", bug, a), CommentKey(bug, "<"+a+">"))
		apart(fmt.Sprintf("close %d %q", bug, a), CloseKey(bug, "<"+a+">"))
		apart(fmt.Sprintf("forward %d %q", bug, a), ForwardKey(bug, "<"+a+">"))
		apart(fmt.Sprintf("create %d", bug), CreateKey(bug))
		apart(fmt.Sprintf("clone %d %d", bug, len(a)), CloneKey(bug, len(a)))
		apart(fmt.Sprintf("usertag %q %q %d", a, b, bug), UsertagKey(a, b, int64(bug), 1))
		apart(fmt.Sprintf("state %d %q %q", bug, a, b), StateKey(bug, "found", []string{a}, []string{b}, 1))
		apart(fmt.Sprintf("states %d %q %q", bug, a, b), StateKey(bug, "found", []string{a, b}, nil, 1))
	}
	t.Logf("%d identifiers, %d keys", 8*drawn, len(ids))
}

// The id of a mail is its own and the same by mail and by SOAP, whatever bytes
// it is of.
func TestMessageIDsAreApart(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var mailed []event.Event
	tr := bugtracker.New(bugtracker.Options{First: 7001, Clock: func() time.Time { return time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC) },
		Mailed: func(raw []byte) { mailed = append(mailed, run(t, load(raw)).Events...) }})
	ids, drawn := map[string]string{}, 0
	for range cases.Of(8, 30) {
		bug := tr.Report(bugtracker.Report{Package: "teapot"})
		mailed = nil
		sent := map[string]bool{}
		for range 60 {
			id := anyBytes(r, "<>\t\x01\x7f") // the tracker makes blanks of these
			if strings.TrimSpace(id) == "" || sent[id] {
				continue
			}
			sent[id] = true
			drawn++
			tr.Mail(bug, "", bugtracker.Letter{Raw: []byte("From: n@example.org\nMessage-ID: <" + id + ">\n\nx\n")})
			e := mailed[len(mailed)-2] // the last has the old name
			if other, there := ids[e.Key]; there {
				t.Errorf("%q and %q have one key %q", id, other, e.Key)
			}
			ids[e.Key] = id
		}
		told := map[string]bool{}
		log := entries(tr.Log(bug))
		for len(log) > 0 {
			n := min(len(log), MaxLog)
			for _, e := range tell(t, Change{Bug: bug, Before: &Status{Bug: bug}, After: &Status{Bug: bug}, Log: log[:n]}) {
				told[e.Key] = true
			}
			log = log[n:]
		}
		for _, e := range mailed {
			if e.Kind == commentKind && !told[e.Key] {
				t.Errorf("id %q has the key %q by mail alone", ids[e.Key], e.Key)
			}
		}
	}
	t.Logf("%d ids, %d keys", drawn, len(ids))
}
