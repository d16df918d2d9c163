package mail

import (
	"strconv"
	"strings"
	"time"
)

// parseTime reads a date word by word, so that a wrong weekday, a lost comma
// or an old order of words costs nothing. It returns the zero time if day,
// month or year are missing or impossible.
func parseTime(s string) time.Time {
	const most = 200 // bytes; a date with its comment has forty
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	text, comment := cutComments(s)
	text = strings.TrimSpace(strings.Trim(strings.TrimSpace(text), `"'<>`))
	if t, ok := isoTime(text); ok {
		return t
	}
	d := date{}
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		d.word(word)
	}
	if !d.zoned {
		d.zone(comment)
	}
	return d.time()
}

// isoTime reads ISO 8601 and RFC 3339 forms.
func isoTime(s string) (time.Time, bool) {
	if len(s) < 8 || strings.Trim(s[:4], "0123456789") != "" {
		return time.Time{}, false
	}
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05",
		"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05 Z0700",
		"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", "20060102T150405Z", "20060102",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return inRange(t)
		}
	}
	return time.Time{}, false
}

// inRange refuses years that RFC 3339 cannot write.
func inRange(t time.Time) (time.Time, bool) {
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, false
	}
	return t, true
}

// A date is gathered word by word.
type date struct {
	day, month, year int
	clock            time.Duration
	clocked, zoned   bool
	offset           time.Duration // east of UTC
}

func (d *date) word(w string) {
	switch c := w[0]; {
	case '0' <= c && c <= '9' && strings.Contains(w, ":"):
		d.readClock(w)
	case c == '+' || c == '-':
		d.zone(w)
	case '0' <= c && c <= '9' && strings.Contains(w, "-"):
		for part := range strings.SplitSeq(w, "-") { // 02-Jan-2006
			if part != "" {
				d.word(part)
			}
		}
	case '0' <= c && c <= '9':
		d.number(w)
	default:
		d.name(w)
	}
}

// readClock takes "15:04", "15:04:05.000" and a zone that sticks to it.
func (d *date) readClock(w string) {
	if d.clocked {
		return
	}
	digits := w
	if i := strings.IndexFunc(w, func(r rune) bool { return (r < '0' || r > '9') && r != ':' && r != '.' }); i >= 0 {
		digits = w[:i]
		defer d.word(w[i:])
	}
	digits, _, _ = strings.Cut(digits, ".")
	parts := strings.Split(digits, ":")
	if len(parts) > 3 {
		return
	}
	units := []time.Duration{time.Hour, time.Minute, time.Second}
	var clock time.Duration
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n > 60 || i == 0 && n > 24 || i == 1 && n > 59 {
			return
		}
		clock += time.Duration(n) * units[i]
	}
	d.clock, d.clocked = clock, true
}

func (d *date) number(w string) {
	w = strings.TrimRight(w, "stndrh.")
	n, err := strconv.Atoi(w)
	if err != nil || len(w) > 4 {
		return
	}
	switch {
	case d.day == 0 && len(w) <= 2:
		d.day = n
	case d.year == 0 && len(w) == 2 && n < 50: // RFC 5322 §4.3
		d.year = 2000 + n
	case d.year == 0 && len(w) <= 3:
		d.year = 1900 + n
	case d.year == 0:
		d.year = n
	}
}

func (d *date) name(w string) {
	l := strings.ToLower(strings.TrimRight(w, "."))
	if d.month == 0 && len(l) >= 3 {
		for i := time.January; i <= time.December; i++ {
			if strings.HasPrefix(strings.ToLower(i.String()), l) || l == "sept" && i == time.September {
				d.month = int(i)
				return
			}
		}
	}
	switch {
	case l == "pm" && d.clocked && d.clock < 12*time.Hour:
		d.clock += 12 * time.Hour
	case l == "am" && d.clocked && d.clock >= 12*time.Hour && d.clock < 13*time.Hour:
		d.clock -= 12 * time.Hour
	case l == "am" || l == "pm":
	default:
		d.zone(w)
	}
}

func (d *date) time() time.Time {
	if d.day == 0 || d.month == 0 || d.year == 0 {
		return time.Time{}
	}
	day := time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC)
	if day.Day() != d.day {
		return time.Time{}
	}
	t, _ := inRange(day.Add(d.clock - d.offset))
	return t
}
