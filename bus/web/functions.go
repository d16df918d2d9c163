package web

import (
	"html/template"
	"net/http"
	"strconv"
	"time"

	"busbar/common/archive"
	"busbar/common/show"
)

// functions are what templates can use.
var functions = template.FuncMap{
	"clock":  func(t time.Time) string { return t.UTC().Format("15:04:05") },
	"date":   func(t time.Time) string { return t.UTC().Format("Monday, 2 January 2006") },
	"day":    func(t time.Time) string { return t.UTC().Format("2 January 2006") },
	"stamp":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"moment": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
	"path":   pathOf,
	"text":   show.Line, // a stranger's, that nothing has cleaned yet
	"percent": func(thousandths int64) string {
		return strconv.FormatFloat(float64(thousandths)/10, 'f', 1, 64)
	},
	"grouped": grouped,
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "\u202f" + text[i:] // a narrow space
	}
	return text
}

func afterOf(p archive.Place) string { return strconv.FormatInt(int64(p), 10) }

// extend gives an answer that goes on more time.
func extend(c *http.ResponseController) error {
	return c.SetWriteDeadline(time.Now().Add(exportPatience))
}

// exportPatience is how long a client may not take what it asked for.
const exportPatience = 30 * time.Second
