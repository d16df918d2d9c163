package screen

import (
	"fmt"
	"strconv"
	"time"
)

// Age is how long ago something was, short: 12s, 3min, 5h, 12d; empty where it never
// was. What is ahead of us is 0s old.
func Age(now, then time.Time) string {
	if then.IsZero() {
		return ""
	}
	return Span(now.Sub(then))
}

// Span is a time span, short, as Age has it.
func Span(d time.Duration) string {
	switch d = max(0, d); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dmin", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// Count is a number with a blank for each three digits, as ISO 31-0 has it.
func Count(n int64) string {
	text := strconv.FormatInt(n, 10)
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(text) - 3; i > first; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}
