package tracker

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"busbar/soapbus/soap"
)

// TestForms: the same answer as it may have been captured.
func TestForms(t *testing.T) {
	whole := read(t, fixtures+"/bugs.http")
	head, xml, _ := bytes.Cut(whole, []byte("\r\n\r\n"))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(xml)
	z.Close()
	for name, raw := range map[string][]byte{
		"whole":       whole,
		"XML alone":   xml,
		"unix lines":  bytes.ReplaceAll(whole, []byte("\r\n"), []byte("\n")),
		"packed":      slices.Concat(head, []byte("\r\nContent-Encoding: gzip\r\n\r\n"), packed.Bytes()),
		"no reason":   append([]byte("HTTP/1.1 200\r\n\r\n"), xml...),
		"was chunked": append([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), xml...),
	} {
		if r, err := ReadReply(raw); err != nil || r.Method != "get_bugs" || len(r.Bugs) != 3 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	for _, raw := range []string{"HTTP/1.1", "HTTP/1.1 tea\r\n\r\n", "HTTP/1.1 200 OK\r\nno field\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n\x1f\x8btea", ""} {
		if _, err := ReadReply([]byte(raw)); err == nil {
			t.Errorf("%q was read", raw)
		}
	}
	request := `<Envelope><Body><get_status><a>1</a></get_status></Body></Envelope>`
	if _, err := ReadReply([]byte(request)); !errors.Is(err, soap.ErrShape) || !strings.Contains(err.Error(), "request") {
		t.Errorf("a request: %v", err)
	}
}

// TestBodies: a text is cut between characters.
func TestBodies(t *testing.T) {
	for _, c := range []struct {
		text, want string
		cut        bool
	}{
		{"tea\r\n\tx", "tea\r\n\tx", false},
		{"t\xe9a\x00", "t\uFFFDa\uFFFD", false},
		{strings.Repeat("x", maxBody), strings.Repeat("x", maxBody), false},
		{strings.Repeat("x", maxBody-1) + "é", strings.Repeat("x", maxBody-1), true},
		{strings.Repeat("\xff", maxBody), strings.Repeat("\uFFFD", maxBody/3), true},
	} {
		if got, cut := body([]byte(c.text)); got != c.want || cut != c.cut {
			t.Errorf("%.20q…: %d bytes, cut: %v; want %d, %v", c.text, len(got), cut, len(c.want), c.cut)
		}
	}
}

// FuzzReply: whatever is captured becomes a reply that can be read, or an error.
func FuzzReply(f *testing.F) {
	files, err := filepath.Glob(fixtures + "/*.http")
	if err != nil || len(files) == 0 {
		f.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		f.Add(read(f, file))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := ReadReply(raw)
		if err != nil && (!utf8.ValidString(err.Error()) || len(err.Error()) > 1000) {
			t.Fatalf("the error is not one to tell: %q", err)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Fatal(err)
		}
		for i, s := range r.Statuses {
			for _, text := range append([]string{s.Title, s.Submitter, s.Done, s.Source, s.MessageID, s.Forwarded, s.Owner, s.Summary}, s.Tags...) {
				if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\n\r") {
					t.Fatalf("bug %d has the text %q", s.Bug, text)
				}
			}
			if s.Bug < 1 || s.Date < 0 || i > 0 && s.Bug < r.Statuses[i-1].Bug {
				t.Fatalf("%+v", s)
			}
		}
		for i, e := range r.Log {
			if !utf8.ValidString(e.Body) || len(e.Body) > maxBody || i > 0 && e.Number < r.Log[i-1].Number {
				t.Fatalf("%+v", e)
			}
		}
	})
}
