package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"busbar/common/archive"
	"busbar/common/show"
)

// Bounds on a calendar.
const (
	maxAppointments = 10_000
	stays           = 30 * 24 * time.Hour // for how long a day that is over is still there
)

// A removal is a planned one, as its state says.
type removal struct {
	Package, Suite, Version string
	Date                    string `json:"removal_date"`
	Bugs                    []int
	DependsBugs             []int `json:"depends_bugs"`
	URL                     string
}

// calendar gives the days on which packages are to be removed, of ?package= (which may
// stand several times) or of all, as a calendar (RFC 5545).
func (s *site) calendar(w http.ResponseWriter, r *http.Request) {
	packages := r.URL.Query()["package"]
	if len(packages) > maxLines/10 {
		s.fault(w, r, fmt.Errorf("%w: %d packages are too many for one calendar", errAsk, len(packages)))
		return
	}
	name := "Planned removals"
	if len(packages) == 0 {
		packages = []string{""}
	} else {
		name += ": " + strings.Join(packages, ", ")
	}
	c := &ics{}
	c.line("BEGIN", "VCALENDAR")
	c.line("VERSION", "2.0")
	c.line("PRODID", "-//Busbar//Planned removals//EN")
	c.line("METHOD", "PUBLISH")
	c.text("NAME", name)
	c.text("X-WR-CALNAME", name) // for programs older than RFC 7986
	c.line("REFRESH-INTERVAL;VALUE=DURATION", "PT6H")
	n := 0
	for _, pkg := range packages {
		q := archive.StateQuery{Kind: "removal", Package: pkg, Limit: maxLines}
		for {
			list, _, err := s.o.Archive.States(r.Context(), q)
			if err != nil {
				s.fault(w, r, err)
				return
			}
			for _, x := range list {
				if n < maxAppointments && s.appointment(c, x, origin(r)) {
					n++
				}
			}
			if len(list) < q.Limit || n == maxAppointments {
				break
			}
			q.After = list[len(list)-1].Key
		}
	}
	c.line("END", "VCALENDAR")
	h := w.Header()
	h.Set("Content-Type", "text/calendar; charset=utf-8")
	h.Set("Content-Disposition", `inline; filename="autoremovals.ics"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=900")
	_, _ = w.Write(c.b.Bytes()) // who left is not to be told
}

// appointment writes a removal as a whole day, unless that is over for long, or none.
func (s *site) appointment(c *ics, x archive.State, home string) bool {
	var p removal
	if json.Unmarshal([]byte(x.Value), &p) != nil || p.Package == "" {
		return false
	}
	day, err := time.Parse(time.RFC3339, p.Date)
	if err != nil || day.Before(s.o.Now().Add(-stays)) || day.Year() > 9999 {
		return false
	}
	c.line("BEGIN", "VEVENT")
	c.text("UID", "removal/"+x.Key+"@busbar")
	c.line("DTSTAMP", x.Time.UTC().Format("20060102T150405Z"))
	c.line("DTSTART;VALUE=DATE", day.UTC().Format("20060102"))
	c.line("DTEND;VALUE=DATE", day.UTC().AddDate(0, 0, 1).Format("20060102"))
	c.line("TRANSP", "TRANSPARENT")
	c.text("SUMMARY", p.Package+" "+p.Version+" is to be removed from "+p.Suite)
	var why []string
	for of, bugs := range map[string][]int{"Bugs of its own": p.Bugs, "Bugs of packages that it needs": p.DependsBugs} {
		if len(bugs) > 0 {
			why = append(why, of+":"+numbers(bugs))
		}
	}
	if len(why) == 2 && why[0] > why[1] {
		why[0], why[1] = why[1], why[0]
	}
	if len(why) > 0 {
		c.text("DESCRIPTION", strings.Join(why, "\n"))
	}
	// RFC 5545 §3.8.4.6: a URI, which has nothing that would have to be escaped.
	c.line("URL", home+"/trace/"+url.PathEscape(p.Package))
	c.line("END", "VEVENT")
	return true
}

func numbers(bugs []int) string {
	const most = 50
	var b strings.Builder
	for _, n := range bugs[:min(len(bugs), most)] {
		fmt.Fprintf(&b, " #%d", n)
	}
	if len(bugs) > most {
		b.WriteString(" …")
	}
	return b.String()
}

// An ics is a calendar that is written.
type ics struct{ b bytes.Buffer }

var escaped = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`)

// text writes a property that is a text (RFC 5545 §3.3.11), cleaned of what controls
// a program that shows it.
func (c *ics) text(name, value string) {
	const most = 4 << 10
	c.line(name, escaped.Replace(cut(show.Lines(value), most)))
}

// line writes a property in lines of at most 75 bytes, whole characters (RFC 5545 §3.1).
func (c *ics) line(name, value string) {
	line := name + ":" + strings.NewReplacer("\r", "", "\n", "").Replace(value)
	for most := 75; len(line) > most; most = 74 { // the blank counts
		at := most
		for at > 0 && !utf8.RuneStart(line[at]) {
			at--
		}
		c.b.WriteString(line[:at] + "\r\n ")
		line = line[at:]
	}
	c.b.WriteString(line + "\r\n")
}
