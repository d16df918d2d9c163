package printer

import (
	"testing"
	"unicode/utf8"

	"busbar/bus/kinds"
	"busbar/common/event"
	"busbar/common/show"
	"busbar/common/wire"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain é 😀":          "plain é 😀",
		"\x1b[2J\r\n\t\x00":  "\uFFFD[2J\uFFFD\uFFFD\uFFFD\uFFFD",
		"\u009b31m\u202eabc": "\uFFFD31m\uFFFDabc",
	} {
		if got := show.Line(in); got != want {
			t.Errorf("show.Line(%q) = %q, not %q", in, got, want)
		}
	}
}

// FuzzSentence: no body of any known kind breaks the printer or reaches the
// terminal as a command.
func FuzzSentence(f *testing.F) {
	for i := range kinds.All() {
		f.Add(uint(i), []byte(`{"package": "a\u001b[2J", "person": {"name": "\u202e"}, "bug": 1, "title": "\u009b"}`))
	}
	f.Add(uint(0), []byte(`{"log": "\u0007"}`))
	f.Add(uint(1), []byte(`[NaN, 1e999, {"a": "\ud800"}]`))
	o := Printer{kinds: kinds.All()}
	f.Fuzz(func(t *testing.T, kind uint, body []byte) {
		v, err := event.Parse(body)
		if err != nil {
			return
		}
		k := o.kinds[kind%uint(len(o.kinds))]
		s := string(o.Sentence(wire.Delivery{Envelope: event.Envelope{Topic: "org.debian.dev." + k.Topic, Msg: v}}))
		if show.Line(s) != s || !utf8.ValidString(s) {
			t.Errorf("printed %q", s)
		}
	})
}
