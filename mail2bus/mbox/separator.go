package mbox

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// maxLine is how long a mailbox's own line may be.
const maxLine = 2048

var from = []byte("From ")

// Stamp reads a line that separates mails: the time in it, which is UTC where no
// zone is given as a number; false: it is another line. The date is asctime's, or
// looks like a mail's: what all programs write that make mbox files.
func Stamp(line string) (time.Time, bool) {
	if !strings.HasPrefix(line, "From ") || len(line) > maxLine {
		return time.Time{}, false
	}
	words := strings.Fields(line[len("From "):])
	for i := range words {
		if !isDay(words[i]) || i+3 >= len(words) {
			continue
		}
		if t, ok := date(words[i+1:]); ok {
			return t, true
		}
	}
	return time.Time{}, false
}

func isDay(word string) bool {
	switch strings.TrimSuffix(word, ",") {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return true
	}
	return false
}

// date reads the month, the day of the month, a time and a year, in any order that
// is written: "Jan  2 15:04:05 +0100 2006", "2 Jan 2006 15:04:05 GMT".
func date(words []string) (time.Time, bool) {
	var month time.Month
	var day, year, offset int
	clock := ""
	for _, w := range words[:min(len(words), 6)] {
		n, err := strconv.Atoi(w)
		switch {
		case month == 0 && monthOf(w) != 0:
			month = monthOf(w)
		case strings.Contains(w, ":") && clock == "":
			clock = w
		case (w[0] == '+' || w[0] == '-') && len(w) == 5 && err == nil:
			offset = (n/100*60 + n%100) * 60
		case err == nil && day == 0 && n >= 1 && n <= 31:
			day = n
		case err == nil && year == 0 && len(w) == 4 && n >= 1970:
			year = n
		}
	}
	form := "15:04:05"
	if strings.Count(clock, ":") == 1 {
		form = "15:04"
	}
	t, err := time.Parse(form, clock)
	if month == 0 || day == 0 || year == 0 || err != nil {
		return time.Time{}, false
	}
	return time.Date(year, month, day, t.Hour(), t.Minute(), t.Second(), 0, time.UTC).Add(-time.Duration(offset) * time.Second), true
}

func monthOf(word string) time.Month {
	const months = "JanFebMarAprMayJunJulAugSepOctNovDec"
	if len(word) != 3 {
		return 0
	}
	if i := strings.Index(months, word); i >= 0 && i%3 == 0 {
		return time.Month(i/3 + 1)
	}
	return 0
}

// isField reports whether a line begins a header's field (RFC 5322 §2.2), or is
// one that a mailbox has quoted there.
func isField(line []byte) bool {
	if bytes.HasPrefix(line, []byte(">From ")) {
		return true
	}
	name, _, ok := bytes.Cut(line, []byte(":"))
	if !ok || len(name) == 0 {
		return false
	}
	for _, c := range name {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// line is the first line of b, without its end; whole: with it.
func firstLine(b []byte) (line []byte, whole int) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, len(b)
	}
	return bytes.TrimSuffix(b[:i], []byte("\r")), i + 1
}
