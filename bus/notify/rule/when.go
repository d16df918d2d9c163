package rule

import (
	"fmt"
	"strings"
	"time"
)

// A When is when a rule's notes are sent. The zero value is at once.
type When struct {
	Every string // "": at once; hourly, daily, weekly
	// Minute is that of the day, of the person's zone; of an hour, where Every is
	// hourly.
	Minute int
	Day    time.Weekday
}

func (w When) String() string {
	switch w.Every {
	case "":
		return "now"
	case "hourly":
		return fmt.Sprintf("hourly at :%02d", w.Minute%60)
	case "weekly":
		return fmt.Sprintf("weekly on %s at %02d:%02d", w.Day, w.Minute/60, w.Minute%60)
	}
	return fmt.Sprintf("%s at %02d:%02d", w.Every, w.Minute/60, w.Minute%60)
}

// Next is the first such time after now.
func (w When) Next(now time.Time, zone *time.Location) time.Time {
	local := now.In(zone)
	switch w.Every {
	case "":
		return now
	case "hourly":
		next := local.Truncate(time.Hour).Add(time.Duration(w.Minute%60) * time.Minute)
		for !next.After(now) {
			next = next.Add(time.Hour)
		}
		return next
	}
	// A time that a change of clocks leaves out is the one that Date makes of it.
	for days := range 9 {
		next := time.Date(local.Year(), local.Month(), local.Day()+days, w.Minute/60, w.Minute%60, 0, 0, zone)
		if next.After(now) && (w.Every == "daily" || next.Weekday() == w.Day) {
			return next
		}
	}
	return now.Add(24 * time.Hour) // no zone leaves out nine days
}

// A Quiet is hours of the day in which nothing is sent, from one minute of the day to
// another, also over midnight. The zero value is none.
type Quiet struct{ From, To int }

// Until is when the quiet hours end in which now is; zero: it is in none.
func (q Quiet) Until(now time.Time, zone *time.Location) time.Time {
	if q.From == q.To {
		return time.Time{}
	}
	local := now.In(zone)
	minute := local.Hour()*60 + local.Minute()
	in := minute >= q.From && minute < q.To
	days := 0
	if q.From > q.To {
		in = minute >= q.From || minute < q.To
		if minute >= q.From {
			days = 1
		}
	}
	if !in {
		return time.Time{}
	}
	end := time.Date(local.Year(), local.Month(), local.Day()+days, q.To/60, q.To%60, 0, 0, zone)
	if !end.After(now) { // an hour that comes twice
		end = end.Add(time.Hour)
	}
	return end
}

// ParseZone reads a name such as Europe/Berlin; empty is UTC. With an error, it is UTC.
func ParseZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" || len(name) > 64 {
		return time.UTC, fmt.Errorf("zone %.80q is not known here (such as Europe/Berlin; empty: UTC)", name)
	}
	return zone, nil
}

// ParseQuiet reads "22:00-07:00"; empty is none.
func ParseQuiet(text string) (q Quiet, err error) {
	if text == "" {
		return q, nil
	}
	from, to, ok := strings.Cut(text, "-")
	if ok {
		if q.From, err = parseMinute(from); err == nil {
			q.To, err = parseMinute(to)
		}
	}
	if !ok || err != nil {
		return q, fmt.Errorf("quiet hours %q are not of the form 22:00-07:00", text)
	}
	return q, nil
}

func parseMinute(text string) (int, error) {
	t, err := time.Parse("15:04", strings.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("%q is no time of day such as 08:00", text)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// ParseWhen reads now, hourly, daily or weekly, a time of day and a day of the week.
func ParseWhen(every, at, on string) (w When, err error) {
	switch every {
	case "", "now":
		return w, nil
	case "hourly", "daily", "weekly":
		w.Every = every
	default:
		return w, fmt.Errorf("when %q is none of now, hourly, daily, weekly", every)
	}
	if at == "" && every != "hourly" {
		at = "08:00"
	}
	if at != "" {
		if w.Minute, err = parseMinute(at); err != nil {
			return w, err
		}
	}
	if on == "" {
		on = "monday"
	}
	for day := range time.Weekday(7) {
		if strings.EqualFold(day.String(), on) {
			w.Day = day
			return w, nil
		}
	}
	return w, fmt.Errorf("on %q is no day such as monday", on)
}
