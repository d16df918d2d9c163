package notify

import (
	"encoding/base64"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"busbar/bus/notify/outbox"
)

// FuzzStop: a link ends the rule that it was made for, and no link is ours that we did
// not make.
func FuzzStop(f *testing.F) {
	out, err := outbox.Open(f.Context(), filepath.Join(f.TempDir(), "outbox.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { out.Close() })
	s, err := openStops(f.Context(), out, "https://notify.example.org/", slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	s.secret = []byte("a secret of this test, always the same")
	prefix := "https://notify.example.org" + stopPath
	made := strings.TrimPrefix(s.link(outbox.Key{Person: "jane", Way: "mail", To: "jane@example.org"}, "x"), prefix)
	f.Add("jane", "maintained", "mail", "jane@example.org", made)
	f.Add("", "<script>\x00", "irc", strings.Repeat("é", 200), made+"A")
	f.Add("a", "b", "c", "d", strings.Replace(made, ".", "", 1))
	f.Fuzz(func(t *testing.T, person, rule, way, to, token string) {
		if link := s.link(outbox.Key{Person: person, Way: way, To: to}, rule); link != "" && utf8.ValidString(person+rule+way+to) {
			want := outbox.Stop{Person: person, Rule: rule, Way: way, To: to}
			if got, ok := s.parse(strings.TrimPrefix(link, prefix)); !ok || got != want {
				t.Errorf("the link of %+v ends %+v, %v", want, got, ok)
			}
		}
		stop, ok := s.parse(token)
		if !ok {
			return
		}
		// The last letter of base64 has bits that mean nothing.
		body, _, _ := strings.Cut(token, ".")
		text, err := base64.RawURLEncoding.DecodeString(body)
		if err != nil || string(text) != `["jane","x","mail","jane@example.org"]` {
			t.Errorf("%q ends %+v, and is none of ours", token, stop)
		}
	})
}
