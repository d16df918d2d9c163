package rule

import (
	"strconv"
	"time"
)

// A Fact is what one message says to a badge.
type Fact struct {
	Part   int
	Person Person // zero: whoever did it (Part.Anyone)
	// Unit is what counts once: the event, the thing, the day. Of a chain and of
	// a first it is the thing that it is about.
	Unit string
}

// Facts are what a message says to the badge.
func (b *Badge) Facts(ev *Event) (list []Fact) {
	if ev.ID == "" || len(ev.ID) > maxKey || len(ev.Fact) > maxKey {
		return nil // nothing could be told from it by its id
	}
	for i := range b.Parts {
		p := &b.Parts[i]
		if !p.takes(ev) {
			continue
		}
		people := []Person{{}}
		if !p.Anyone {
			people = ev.people(p.Who)
		}
		for _, unit := range b.units(i, ev) {
			for _, who := range people {
				list = append(list, Fact{i, who, unit})
			}
		}
	}
	return list
}

func (p *Part) takes(ev *Event) bool {
	if ev.old && !p.old || !p.from.IsZero() && ev.At < p.from.Unix() || !p.to.IsZero() && ev.At > p.to.Unix() {
		return false
	}
	return p.query.TakesSubject(ev.subject)
}

// all is the only thing of a first that is of the whole archive.
const all = "archive"

func (b *Badge) units(part int, ev *Event) []string {
	switch {
	case b.Kind == Count:
		return []string{ev.Fact}
	case b.Kind == Streak:
		return []string{strconv.FormatInt(Period(b.Unit, ev.At), 10)}
	case b.Kind == First && b.Of == "":
		return []string{all}
	case b.Kind == First, b.Kind == Distinct:
		return ev.things(b.Of)
	case b.Chain():
		return ev.things(b.Same)
	}
	return []string{strconv.Itoa(part)}
}

// Period is the number of a day or week (unit) that a time is in, in UTC; a week begins
// on Monday (ISO 8601).
func Period(unit string, at int64) int64 {
	day := floor(at, 24*3600)
	if unit == "week" {
		return floor(day+3, 7) // 1970-01-01 was a Thursday
	}
	return day
}

// PeriodBegin is when a period begins.
func PeriodBegin(unit string, period int64) time.Time {
	if unit == "week" {
		period = period*7 - 3
	}
	return time.Unix(period*24*3600, 0).UTC()
}

func floor(n, by int64) int64 {
	if q := n / by; n%by >= 0 {
		return q
	}
	return n/by - 1
}
