package event

import (
	"encoding/json"
	"testing"
	"time"
)

type bugBody struct {
	Bug    int    `json:"bug"`
	Title  string `json:"title"`
	Person Person `json:"person"`
}

// bugCreate is a kind as an adapter declares it.
var bugCreate = Define("debbugs.bug.create", "a bug was reported",
	func(b bugBody) string { return "bug " + b.Person.Short() + " reported:\n\t" + b.Title + " " },
	func(b bugBody) string { return "https://bugs.example.org/" + b.Title })

func TestKind(t *testing.T) {
	body := bugBody{Bug: 7, Title: "boils  dry", Person: Person{Name: "Žofie"}}
	if got := bugCreate.Sentence(body); got != "bug Žofie reported: boils dry" {
		t.Errorf("the sentence is %q", got)
	}
	if got := bugCreate.Link(body); got != "https://bugs.example.org/boils  dry" {
		t.Errorf("the link is %q", got)
	}
	if got := bugCreate.Sentence("no body at all"); got != "bug somebody reported:" {
		t.Errorf("of a wrong body the sentence is %q", got)
	}
	if got := Define("a.b.c", "x", func(bugBody) string { return "" }, nil).Link(body); got != "" {
		t.Errorf("without a link there is %q", got)
	}
	if bugCreate.Service() != "debbugs" {
		t.Errorf("the service is %q", bugCreate.Service())
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := bugCreate.Decode(text); err != nil || got != body {
		t.Errorf("decoded as %+v (%v)", got, err)
	}
	if got, err := bugCreate.Decode([]byte(`{"bug":7,"colour":"red"}`)); err != nil || got != (bugBody{Bug: 7}) {
		t.Errorf("with a new member it is %+v (%v)", got, err)
	}
	if _, err := bugCreate.Decode([]byte(`{"bug":"seven"}`)); err == nil {
		t.Error("text was read as a number")
	}
}

func TestCatalog(t *testing.T) {
	say := func(bugBody) string { return "" }
	short := Define("package.upload.x", "short", say, nil)
	long := Define("old.package.upload.x", "long", say, nil).Compat("old")
	c := Catalog{short, long, bugCreate}
	for topic, want := range map[string]*Kind{
		"debbugs.bug.create":                   bugCreate,
		"net.example.dev.debbugs.bug.create":   bugCreate,
		"net.example.dev.package.upload.x":     short,
		"package.upload.x":                     short,
		"net.example.dev.old.package.upload.x": long,
		"net.example.dev.xdebbugs.bug.create":  nil,
		"bug.create":                           nil,
		"":                                     nil,
	} {
		if got, ok := c.ByTopic(topic); got != want || ok != (want != nil) {
			t.Errorf("%q is %v", topic, got)
		}
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]Catalog{
		"twice":      {bugCreate, short, bugCreate},
		"bad topic":  {Define("Debbugs.bug.create", "x", say, nil)},
		"no meaning": {Define("a.b.c", "", say, nil)},
	} {
		if bad.Check() == nil {
			t.Errorf("%s: the catalogue was taken", name)
		}
	}
	old, now := Event{Kind: long}, Event{Kind: short}
	if got := Wanted([]Event{old, now, old}, nil); len(got) != 1 || got[0].Kind != short {
		t.Errorf("wanted %v", got)
	}
	if got := Wanted([]Event{old, now}, []string{"older", "old"}); len(got) != 2 {
		t.Errorf("wanted %v", got)
	}
}

func TestEventValidate(t *testing.T) {
	for name, e := range map[string]Event{
		"no kind":           {Key: "k", Body: bugBody{}},
		"no key":            {Kind: bugCreate, Body: bugBody{}},
		"NUL in the key":    {Kind: bugCreate, Key: "a\x00b", Body: bugBody{}},
		"no body":           {Kind: bugCreate, Key: "k"},
		"another's body":    {Kind: bugCreate, Key: "k", Body: Person{}},
		"pointer to a body": {Kind: bugCreate, Key: "k", Body: &bugBody{}},
	} {
		if e.Validate() == nil {
			t.Errorf("%s: the event was taken", name)
		}
	}
	if err := (Event{Kind: bugCreate, Key: "k", Body: bugBody{}}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestPerson(t *testing.T) {
	for _, c := range []struct {
		p           Person
		long, short string
	}{
		{Person{}, "", "somebody"},
		{Person{Name: "Ádám"}, "Ádám", "Ádám"},
		{Person{Email: "adam@example.net"}, "adam@example.net", "adam@example.net"},
		{Person{Name: "Ádám", Email: "adam@example.net"}, "Ádám <adam@example.net>", "Ádám"},
	} {
		if c.p.String() != c.long || c.p.Short() != c.short {
			t.Errorf("%+v is %q and %q", c.p, c.p.String(), c.p.Short())
		}
	}
}

func TestStamp(t *testing.T) {
	at := time.Date(2026, 9, 21, 15, 33, 20, 999, time.FixedZone("", 2*3600))
	if got := Stamp(at); got != "2026-09-21T13:33:20Z" {
		t.Errorf("the stamp is %q", got)
	}
	if got := Stamp(time.Time{}); got != "" {
		t.Errorf("no time is stamped %q", got)
	}
}
