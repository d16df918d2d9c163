package web

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"time"

	"busbar/common/archive"
	"busbar/common/show"
)

// An atom is a feed (RFC 4287), with its pages (RFC 5005 §3).
type atom struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID        string     `xml:"id"`
	Title     string     `xml:"title"`
	Updated   string     `xml:"updated"`
	Published string     `xml:"published"`
	Links     []atomLink `xml:"link"`
	Category  struct {
		Term string `xml:"term,attr"`
	} `xml:"category"`
	Summary string `xml:"summary"`
}

// A jsonFeed is a feed as JSON (JSON Feed 1.1).
type jsonFeed struct {
	Version string     `json:"version"`
	Title   string     `json:"title"`
	Home    string     `json:"home_page_url"`
	Feed    string     `json:"feed_url"`
	Next    string     `json:"next_url,omitempty"`
	Items   []jsonItem `json:"items"`
}

type jsonItem struct {
	ID        string   `json:"id"`
	URL       string   `json:"url"`
	External  string   `json:"external_url,omitempty"`
	Title     string   `json:"title"`
	Text      string   `json:"content_text"`
	Published string   `json:"date_published"`
	Tags      []string `json:"tags"`
}

// feed answers with a list as a feed. Its addresses are as the client knows this
// server.
func (s *site) feed(w http.ResponseWriter, r *http.Request, q question, title string, page archive.Page) {
	base := origin(r)
	self, home, next := base+address(r, nil), base+address(r, map[string]string{"format": ""}), ""
	if page.Next != 0 {
		next = base + address(r, map[string]string{"after": afterOf(page.Next)})
	}
	if q.text != "" {
		title += ": " + q.text
	}
	title = show.Line(title)
	lines := s.lines(page.Messages)
	var text []byte
	var err error
	media := forms[q.form].media
	if q.form == atomForm {
		text, err = xml.MarshalIndent(atomOf(lines, title, base, self, home, next, s.o.Now()), "", " ")
		text = append([]byte(xml.Header), text...)
	} else {
		f := jsonFeed{Version: "https://jsonfeed.org/version/1.1", Title: title, Home: home, Feed: self, Next: next, Items: []jsonItem{}}
		for _, l := range lines {
			f.Items = append(f.Items, jsonItem{ID: "urn:busbar:" + l.ID, URL: base + "/message/" + l.ID, External: l.Link, Title: l.Title, Text: l.Title, Published: l.Time.Format(time.RFC3339), Tags: []string{l.Topic}})
		}
		text, err = json.Marshal(f)
	}
	if err != nil {
		s.fault(w, r, err)
		return
	}
	w.Header().Set("Content-Type", media+"; charset=utf-8")
	w.Header().Add("Vary", "Accept")
	_, _ = w.Write(append(text, '\n')) // who left is not to be told
}

func atomOf(lines []line, title, base, self, home, next string, now time.Time) atom {
	f := atom{ID: self, Title: title, Updated: now.UTC().Format(time.RFC3339), Author: "Busbar", Links: []atomLink{{"self", "application/atom+xml", self}, {"alternate", "text/html", home}}}
	if next != "" {
		f.Links = append(f.Links, atomLink{"next", "application/atom+xml", next})
	}
	if len(lines) > 0 {
		f.Updated = lines[0].Time.Format(time.RFC3339)
	}
	for _, l := range lines {
		at := l.Time.Format(time.RFC3339)
		e := atomEntry{ID: "urn:busbar:" + l.ID, Title: l.Title, Updated: at, Published: at, Summary: l.Title, Links: []atomLink{{"alternate", "text/html", base + "/message/" + l.ID}}}
		if l.Link != "" {
			e.Links = append(e.Links, atomLink{"related", "", l.Link})
		}
		e.Category.Term = l.Topic
		f.Entries = append(f.Entries, e)
	}
	return f
}

// origin is the server as its client addressed it.
func origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
