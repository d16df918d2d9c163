package mail

import (
	"strconv"
	"strings"
	"time"
)

// Mail is as old as this year, and no clock is right that shows another century.
const (
	firstYear = 1970
	lastYear  = 2099
)

// readTime reads a date word by word, so that a wrong weekday, a lost comma or
// an old order of words costs nothing. It returns the zero time if day, month or
// year are missing, impossible, or could be two; note says what was tolerated.
func readTime(s string) (t time.Time, note string) {
	const most = 200 // bytes; a date with its comment has forty
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	text, comment := cutComments(s)
	text = strings.Trim(strings.TrimSpace(text), `"'<>`)
	text = strings.TrimSpace(asWords.Replace(text))
	if parts := strings.SplitN(text, ". ", 3); len(parts) == 3 && len(parts[0]) == 4 && len(parts[1]) <= 2 { // "2026. 1. 5. 09:00"
		text = parts[0] + "-" + parts[1] + "-" + strings.Replace(parts[2], ".", " ", 1)
	}
	d := date{}
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\u00a0' }) {
		d.word(word)
	}
	if !d.zoned {
		d.zone(comment)
	}
	return d.time(), d.note
}

// ParseTime reads a date as [Header.Time] does; the time is zero if it cannot be
// read.
func ParseTime(s string) time.Time {
	t, _ := readTime(s)
	return t
}

// noteDate says what was wrong with a mail's date.
func (w *walker) noteDate(h Header) {
	f, _ := h.find("Date")
	t, note := readTime(f.text)
	switch {
	case f.text == "":
	case t.IsZero():
		w.d.add("header: Date cannot be read, the time of arrival stands in")
	case note != "":
		w.d.add("header: Date: " + note)
	}
}

// asWords divides dates as they are written in China, Japan and Korea.
var asWords = strings.NewReplacer("年", "-", "月", "-", "日", " ", "년 ", "-", "월 ", "-", "년", "-", "월", "-", "일", " ",
	"時", ":", "时", ":", "分", ":", " : ", ":")

// A date is gathered word by word.
type date struct {
	day, month, year int
	weekday          string // the first word, if it is a name
	clock            time.Duration
	clocked, zoned   bool
	afternoon        bool          // said before the time of day
	offset           time.Duration // east of UTC
	contradicts      bool          // it has two days or months
	note             string
}

func (d *date) word(w string) {
	switch c := w[0]; {
	case '0' <= c && c <= '9' && d.compound(w):
	case '0' <= c && c <= '9' && strings.Contains(w, ":"):
		d.readClock(w)
	case c == '+' || c == '-':
		d.zone(w)
	case '0' <= c && c <= '9' && strings.ContainsAny(w, "-/"):
		for part := range strings.FieldsFuncSeq(w, func(r rune) bool { return r == '-' || r == '/' }) { // 02-Jan-2006
			d.word(part)
		}
	case '0' <= c && c <= '9':
		d.number(w)
	default:
		d.name(w)
	}
}

// compound takes a word that is a whole day, or a day with its time: ISO 8601,
// "2006/01/02", "02.01.2006", "02/Jan/2006:15:04:05".
func (d *date) compound(w string) bool {
	day, clock := w, ""
	if i := strings.IndexAny(w, "Tt"); i == 8 || i == 10 {
		day, clock = w[:i], w[i+1:]
	} else if i := strings.IndexByte(w, ':'); i > 8 && strings.ContainsAny(w[:i], "/-") {
		day, clock = w[:i], w[i+1:]
	}
	if !d.digits(day) {
		if clock == "" || clock[0] < '0' || clock[0] > '9' || !strings.Contains(day, "/") {
			return false
		}
		d.word(day)
	}
	if clock != "" {
		if len(clock) >= 6 && strings.Trim(clock[:6], "0123456789") == "" { // 150405
			clock = clock[:2] + ":" + clock[2:4] + ":" + clock[4:]
		}
		d.readClock(clock)
	}
	return true
}

// digits takes a day of three numbers, if their order can be one only: the year
// first; dots, which are written with the day first; a number that is no month.
func (d *date) digits(w string) bool {
	sep := byte(0)
	for _, c := range []byte("-/.") {
		if strings.Count(strings.Trim(w, string(c)), string(c)) == 2 {
			sep = c
		}
	}
	parts := []string{w}
	if sep != 0 {
		parts = strings.Split(strings.Trim(w, string(sep)), string(sep))
	} else if len(w) == 8 {
		parts = []string{w[:4], w[4:6], w[6:]}
	}
	var n [3]int
	if len(parts) != 3 {
		return false
	}
	for i, p := range parts {
		var err error
		if n[i], err = strconv.Atoi(p); err != nil || p == "" || len(p) > 4 {
			return false
		}
	}
	year, month, day := n[0], n[1], n[2]
	if len(parts[0]) != 4 {
		if len(parts[2]) != 4 {
			if sep == '.' && d.month != 0 {
				d.readClock(strings.ReplaceAll(w, ".", ":"))
			} else {
				d.contradicts = true // 01-02-03 could be anything
			}
			return true
		}
		year, month, day = n[2], n[1], n[0]
		switch {
		case sep == '.', month == day, day > 12:
		case month > 12:
			month, day = day, month
		default:
			d.contradicts = true
		}
	}
	d.set(&d.year, year)
	d.set(&d.month, month)
	d.set(&d.day, day)
	return true
}

// set takes a part of the date. Another value for what is there is one too many.
func (d *date) set(part *int, n int) {
	if *part != 0 && *part != n {
		d.contradicts = true
		return
	}
	*part = n
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
	parts := strings.Split(strings.TrimSuffix(digits, ":"), ":")
	if len(parts) > 4 {
		return
	}
	units := []time.Duration{time.Hour, time.Minute, time.Second, 0}
	var clock time.Duration
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || i == 0 && n > 24 || i == 1 && n > 59 || i == 2 && n > 60 {
			d.note = "its time of day is impossible, left out"
			return
		}
		clock += time.Duration(n) * units[i]
	}
	if d.afternoon && clock < 12*time.Hour {
		clock += 12 * time.Hour
	}
	d.clock, d.clocked = clock, true
}

func (d *date) number(w string) {
	if i := strings.IndexAny(w, ".h"); i > 0 && i+3 == len(w) && d.day != 0 && d.month != 0 { // "09.30", "9h30"
		d.readClock(w[:i] + ":" + w[i+1:])
		return
	}
	w = strings.TrimRight(strings.ToLower(w), "stndrhº°.")
	n, err := strconv.Atoi(w)
	if err != nil {
		return
	}
	switch {
	case d.day == 0 && len(w) <= 2:
		d.day = n
	case d.year != 0 || len(w) > 5:
	case len(w) == 2 && n < 50: // RFC 5322 §4.3
		d.year = 2000 + n
	case len(w) <= 3:
		d.year = 1900 + n
	case 100 <= n && n < 200: // "0102": years since 1900, filled up
		d.year = 1900 + n
		d.note = "its year " + w + " is counted from 1900"
	case len(w) == 5 && strings.HasPrefix(w, "191"): // the same, behind a "19"
		d.year = 1900 + n - 19000
		d.note = "its year " + w + " is counted from 1900"
	default:
		d.year = n
	}
}

func (d *date) name(w string) {
	l := strings.Trim(strings.ToLower(w), ".")
	if month := monthNamed(l); month != 0 {
		if d.month != 0 && d.month != month && d.weekday != "" && isWeekday(d.weekday) {
			d.month, d.weekday = 0, "" // "mar, 06 jan" is a Tuesday
		}
		d.set(&d.month, month)
		if d.day == 0 && d.year == 0 && !d.clocked && d.weekday == "" {
			d.weekday = l
		}
		return
	}
	if short := strings.ReplaceAll(l, ".", ""); short == "am" || short == "pm" { // "p.m."
		l = short
	}
	switch {
	case l == "pm" && d.clocked && d.clock < 12*time.Hour:
		d.clock += 12 * time.Hour
	case l == "am" && d.clocked && d.clock >= 12*time.Hour && d.clock < 13*time.Hour:
		d.clock -= 12 * time.Hour
	case l == "pm" || l == "오후" || l == "下午" || l == "午後":
		d.afternoon = true
	case l == "am":
	default:
		d.zone(w)
	}
}

func (d *date) time() time.Time {
	if d.contradicts || d.day == 0 || d.month < 1 || d.month > 12 || d.year < firstYear || d.year > lastYear {
		return time.Time{}
	}
	day := time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC)
	if day.Day() != d.day {
		return time.Time{}
	}
	return day.Add(d.clock - d.offset)
}
