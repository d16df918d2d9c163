// Package award is what `bus badges` says on the bus: that somebody earned a badge.
package award

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/translate"
)

// An Award is what the event is made of.
type Award struct {
	Badge   string    `json:"badge"`
	Title   string    `json:"title"`
	Text    string    `json:"text"`
	Level   int       `json:"level"`
	Key     string    `json:"key"`
	Name    string    `json:"name,omitempty"`
	Earned  time.Time `json:"earned"`
	Message string    `json:"message"`
	Site    string    `json:"site,omitempty"`    // address of the hub's pages; empty: none is known
	Found   bool      `json:"found,omitempty"`   // long after it was earned
	Refused string    `json:"refused,omitempty"` // why it is none
}

// Awarded is the body of badges.badge.award.
type Awarded struct {
	Badge   string       `json:"badge" doc:"the badge's name, such as bug-closer"`
	Title   string       `json:"title" doc:"what people call it"`
	Text    string       `json:"text" doc:"what it is given for"`
	Level   int          `json:"level" doc:"how many that took: 1, or one of the badge's levels"`
	Person  event.Person `json:"person" doc:"who earned it; email may be an account"`
	Earned  string       `json:"earned" doc:"when the message that earned it happened, RFC 3339 in UTC"`
	Message string       `json:"message" doc:"the id of that message"`
	URL     string       `json:"url,omitempty" doc:"the person's badges, where a hub shows them"`
}

var kind = event.Define("badges.badge.award", "somebody earned a badge, or its next level",
	func(b Awarded) string {
		s := b.Person.Short() + " earned the badge " + b.Title
		if b.Level > 1 {
			s += " (" + strconv.Itoa(b.Level) + ")"
		}
		return s
	},
	func(b Awarded) string { return b.URL })

// Kinds is all that badges say.
func Kinds() event.Catalog { return event.Catalog{kind} }

// Event is what is published of it: once for each badge, level and person.
func (a Award) Event() (event.Event, error) {
	if a.Badge == "" || a.Key == "" || a.Level < 1 || a.Earned.IsZero() {
		return event.Event{}, fmt.Errorf("saying an award: badge, person, level or time are missing")
	}
	text := func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
	a.Badge, a.Title, a.Text, a.Key, a.Name, a.Message = text(a.Badge), text(a.Title), text(a.Text), text(a.Key), text(a.Name), text(a.Message)
	body := Awarded{Badge: a.Badge, Title: a.Title, Text: a.Text, Level: a.Level, Person: event.Person{Name: a.Name, Email: a.Key}, Earned: event.Stamp(a.Earned), Message: a.Message}
	if a.Site != "" {
		body.URL = strings.TrimSuffix(a.Site, "/") + "/badges/person/" + url.PathEscape(a.Key)
	}
	return event.Event{
		Kind: kind, Key: "badge/" + a.Badge + "/" + strconv.Itoa(a.Level) + "/" + strings.ReplaceAll(a.Key, "\x00", ""),
		Time: a.Earned, Body: body, Recovered: a.Found,
	}, nil
}

// Translator says of an award, as JSON, what is published.
func Translator() translate.Translator[Award] {
	return translate.Translator[Award]{Name: "badges", Kinds: Kinds(), Translate: func(it translate.Item[Award]) ([]event.Event, error) {
		if it.Value.Refused != "" {
			return nil, translate.Ignore("badges: " + it.Value.Refused)
		}
		e, err := it.Value.Event()
		if err != nil {
			return nil, translate.Poison("%v", err)
		}
		return []event.Event{e}, nil
	}}
}
