package rule

import (
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/show"
)

// An Event is a message as rules look at it, gathered once.
type Event struct {
	ID   string // msg_id
	Fact string // its UUID, or that of the message that it replaces: both are one fact
	At   int64  // when it happened: Unix seconds, never after its publisher took it

	subject *archive.Subject
	body    map[string]any
	old     bool
}

// A Person is somebody who can earn a badge.
type Person struct {
	Key  string // the address or account, in lower case
	Name string // for people; may be empty
}

// NewEvent gathers it; prefix is that of the bus's topics.
func NewEvent(prefix string, e event.Envelope) *Event {
	ev := &Event{ID: e.MsgID, Fact: factOf(e), At: e.Timestamp, subject: archive.SubjectOf(e)}
	if t, err := time.Parse(time.RFC3339, e.EventTime); err == nil {
		ev.At = min(ev.At, t.Unix())
	}
	ev.body, _ = e.Msg.(map[string]any)
	bare := event.BareTopic(prefix, e.Topic)
	ev.old = strings.HasPrefix(bare, "debmessenger.") || strings.HasPrefix(bare, "debexpo.")
	return ev
}

func factOf(e event.Envelope) string {
	id := e.MsgID
	if e.Replaces != "" {
		id = e.Replaces
	}
	if u, err := event.IDUUID(id); err == nil {
		return u.String()
	}
	return id
}

// member is what stands in the body under a path of members, with dots between.
func (ev *Event) member(path string) any {
	var v any = ev.body
	for name := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// Bounds on what one message may mean.
const (
	maxPeople = 64
	maxThings = 256
	maxKey    = 256 // bytes of a person's key, or of a thing's name
)

// people are those whom a member names: {"name", "email"}, "Name <address>", an address,
// an account, or a list of these.
func (ev *Event) people(path string) (list []Person) {
	add := func(p Person, ok bool) {
		if ok && len(list) < maxPeople && !slices.ContainsFunc(list, func(q Person) bool { return q.Key == p.Key }) {
			list = append(list, p)
		}
	}
	v := ev.member(path)
	if all, ok := v.([]any); ok {
		for _, one := range all {
			add(personIn(one))
		}
		return list
	}
	add(personIn(v))
	return list
}

func personIn(v any) (Person, bool) {
	switch v := v.(type) {
	case string:
		name, address, ok := strings.Cut(v, "<")
		if !ok {
			return person("", v)
		}
		return person(name, strings.TrimSuffix(strings.TrimSpace(address), ">"))
	case map[string]any:
		name, _ := v["name"].(string)
		email, _ := v["email"].(string)
		return person(name, email)
	}
	return Person{}, false
}

func person(name, key string) (Person, bool) {
	key, ok := Key(key)
	return Person{Key: key, Name: show.OneLine(strings.TrimSpace(name))}, ok
}

// Key is the form in which a person is known: an address or account in lower case.
// false: it is nobody, or a machine's number.
func Key(text string) (string, bool) {
	key := strings.ToLower(strings.TrimSpace(text))
	if key == "" || len(key) > maxKey || !utf8.ValidString(key) || strings.ContainsFunc(key, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return "", false
	}
	_, host, ok := strings.Cut(key, "@")
	if !ok {
		host = key
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return "", false
	}
	return key, true
}

// things are the names under a member: a text, a number, or a list of these.
func (ev *Event) things(path string) (list []string) {
	add := func(v any) {
		name := ""
		switch v := v.(type) {
		case string:
			name = strings.TrimPrefix(v, "src:")
		case event.Int:
			name = string(v)
		}
		if name != "" && len(name) <= maxKey && utf8.ValidString(name) && !strings.Contains(name, "\x00") {
			list = append(list, name)
		}
	}
	v := ev.member(path)
	if all, ok := v.([]any); ok {
		for _, one := range all {
			add(one)
		}
	} else {
		add(v)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	return list[:min(len(list), maxThings)]
}
