package web

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// A form is how an answer is written.
type form int

const (
	html form = iota
	jsonForm
	linesForm // a message a line, all of them
	atomForm
	feedForm // JSON Feed 1.1
)

// forms are by their names in ?format=, and by their media types.
var forms = []struct {
	form
	name, media string
}{
	{html, "html", "text/html"},
	{jsonForm, "json", "application/json"},
	{linesForm, "ndjson", "application/x-ndjson"},
	{atomForm, "atom", "application/atom+xml"},
	{feedForm, "feed", "application/feed+json"},
}

// formOf is the form that a request asks for: by ?format=, or as its Accept header
// prefers (RFC 9110 §12.5.1). Who accepts anything, or says nothing, gets a page if
// otherwise is html.
func formOf(r *http.Request) (form, bool) {
	if name := r.URL.Query().Get("format"); name != "" {
		for _, f := range forms {
			if f.name == name {
				return f.form, true
			}
		}
		return html, false
	}
	best, quality := html, 0.0
	for _, header := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(header, ",") {
			media, params, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			q := 1.0
			if text, ok := params["q"]; ok {
				if q, err = strconv.ParseFloat(text, 64); err != nil {
					continue
				}
			}
			for _, f := range forms {
				if f.media == media && q > quality {
					best, quality = f.form, q
				}
			}
		}
	}
	return best, true
}
