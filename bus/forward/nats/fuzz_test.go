package nats

import (
	"strings"
	"testing"
)

// FuzzHeader reads headers as a server may send them: an id comes out as it went in,
// and nothing ends the program.
func FuzzHeader(f *testing.F) {
	f.Add([]byte("NATS/1.0\r\nNats-Msg-Id: 2026-0e1d2c3b-0000-5000-8000-000000000001\r\nNats-Expected-Stream: NOTES\r\n\r\n"), "2026-0e1d2c3b org.example.a")
	f.Add([]byte("NATS/1.0 503\r\n\r\n"), "")
	f.Add([]byte("nats-msg-id:\t x \r\n: \r\n"), "a:b")
	f.Fuzz(func(t *testing.T, header []byte, id string) {
		if got := headerID(header); strings.Contains(got, "\r\n") {
			t.Errorf("the id has a line's end: %q", got)
		}
		if strings.ContainsAny(id, "\r\n") {
			return
		}
		if got := headerID([]byte("NATS/1.0\r\nOther: x\r\nnats-msg-id: " + id + "\r\n\r\n")); got != strings.TrimSpace(id) {
			t.Errorf("%q is read as %q", id, got)
		}
	})
}

// FuzzTopic: no topic that is taken for a subject can do anything else than stand for
// itself.
func FuzzTopic(f *testing.F) {
	for _, topic := range []string{"org.debian.dev.debbugs.bug.create", "$JS.API", "a.*", "a..b", "_INBOX.x", "a b", "Ä.ö", "\xff"} {
		f.Add(topic)
	}
	f.Fuzz(func(t *testing.T, topic string) {
		if valid(topic) != nil {
			return
		}
		if topic == "" || topic[0] == '$' || strings.ContainsAny(topic, " \t\r\n\x00*>") || strings.Contains("."+topic+".", "..") {
			t.Errorf("%q is taken for a subject", topic)
		}
		if !covers([]string{topic}, topic) || !covers([]string{">"}, topic) || covers([]string{topic + ".>"}, topic) {
			t.Errorf("%q is not covered as it should be", topic)
		}
	})
}

// FuzzBookmark reads what may stand in the position's file.
func FuzzBookmark(f *testing.F) {
	f.Add("1780000000000000000/12")
	f.Add("-1/0")
	f.Fuzz(func(t *testing.T, text string) {
		b, ok := parseBookmark(text)
		if !ok {
			return
		}
		if again, ok := parseBookmark(b.String()); !ok || !again.created.Equal(b.created) || again.seq != b.seq {
			t.Errorf("%q is read as %+v, and that as %+v", text, b, again)
		}
	})
}
