package web

import (
	"net/url"
	"strings"
	"time"

	"busbar/bus/printer"
	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/show"
)

// A line is a message as a list shows it.
type line struct {
	ID        string      `json:"id"`
	Topic     string      `json:"topic"` // from the service on
	Title     string      `json:"title"`
	Link      string      `json:"link,omitempty"` // where its source says more; http or https
	Time      time.Time   `json:"time"`
	Happened  time.Time   `json:"happened,omitzero"` // zero: then
	Recovered bool        `json:"recovered,omitempty"`
	Things    []thingLink `json:"things,omitempty"`
}

// A thingLink leads to the page of what a message is about.
type thingLink struct {
	Field string `json:"field"`
	Name  string `json:"name"`
	Path  string `json:"path"`
}

// A day is the lines of one day, in UTC.
type day struct {
	Date  time.Time
	Lines []line
}

// maxThings bounds how many links a line has.
const maxThings = 4

// lateAfter is when a fact was published so much later that both times are shown.
const lateAfter = 24 * time.Hour

func (s *site) line(m archive.Message, e event.Envelope) line {
	l := line{ID: e.MsgID, Topic: event.BareTopic(s.o.Prefix, e.Topic), Time: m.Time, Title: e.Title, Link: e.Link, Recovered: e.Recovered}
	if l.Title == "" {
		l.Title, l.Link = printer.Say(s.kinds, e)
	}
	l.Title, l.Link = show.Line(l.Title), safeLink(l.Link)
	if t, err := time.Parse(time.RFC3339, e.EventTime); err == nil && m.Time.Sub(t).Abs() > lateAfter {
		l.Happened = t.UTC()
	}
	about := event.AboutOf(e.Msg)
	for _, of := range []struct {
		field string
		names []string
	}{{"package", about.Packages}, {"bug", about.Bugs}, {"repository", about.Repositories}, {"list", about.Lists}} {
		for _, name := range of.names {
			if len(l.Things) < maxThings {
				l.Things = append(l.Things, thingLink{of.field, show.Line(name), pathOf(of.field, name)})
			}
		}
	}
	return l
}

// pathOf is the path of a thing's page.
func pathOf(field, name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		if parts[i] = url.PathEscape(p); p == "." || p == ".." || p == "" { // a path has them not
			return "/" + field + "/?name=" + url.QueryEscape(name)
		}
	}
	return "/" + field + "/" + strings.Join(parts, "/")
}

// safeLink is a link that a stranger gave, where a browser may follow it.
func safeLink(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return u.String()
}

// days gathers lines, which are in the order of their times, by days.
func days(lines []line) (list []day) {
	for _, l := range lines {
		date := l.Time.Truncate(24 * time.Hour)
		if len(list) == 0 || !list[len(list)-1].Date.Equal(date) {
			list = append(list, day{Date: date})
		}
		list[len(list)-1].Lines = append(list[len(list)-1].Lines, l)
	}
	return list
}

// lines are the messages of a page as it shows them.
func (s *site) lines(messages []archive.Message) (list []line) {
	for _, m := range messages {
		if _, e, err := event.ParseMessage(m.Wire); err == nil {
			list = append(list, s.line(m, e))
		}
	}
	return list
}
