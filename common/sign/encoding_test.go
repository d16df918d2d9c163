package sign

import (
	"bytes"
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	for n, want := range map[int]string{
		0: "\n", 1: "AA==\n", 57: strings.Repeat("A", 76) + "\n", 58: strings.Repeat("A", 76) + "\nAA==\n",
	} {
		if got := wrap(make([]byte, n)); got != want {
			t.Errorf("%d bytes are %q, want %q", n, got, want)
		}
	}
}

// TestUnwrap has the answers of Python's b64decode.
func TestUnwrap(t *testing.T) {
	for _, c := range []struct {
		text, want string
		bad        bool
	}{
		{text: "", want: ""},
		{text: "aGVsbG8=", want: "hello"},
		{text: "aGVs\r\nbG8=\n", want: "hello"},
		{text: "a-G_V s!bG8=", want: "hello"},
		{text: "aGVsbG8=aGVsbG8=", want: "hello"}, // the padding ends it
		{text: "aGVsbG8==", want: "hello"},
		{text: "=aGVsbG8=", want: "hello"},
		{text: "aA=b", bad: true},
		{text: "aA=b=", want: "h\x06"},
		{text: "aA=bc", want: "h\x06\xdc"},
		{text: "aA==", want: "h"},
		{text: "aB==", want: "h"},
		{text: "====", want: ""},
		{text: "a", bad: true},
		{text: "aA", bad: true},
		{text: "aA=", bad: true},
		{text: "aGVsbG8", bad: true},
		{text: "é", bad: true},
	} {
		got, err := unwrap(c.text)
		if (err != nil) != c.bad || string(got) != c.want {
			t.Errorf("%q is %q (%v), want %q", c.text, got, err, c.want)
		}
	}
}

func FuzzUnwrap(f *testing.F) {
	f.Add([]byte("hello"), "a-G_V s!bG8=")
	f.Fuzz(func(t *testing.T, raw []byte, text string) {
		if got, err := unwrap(wrap(raw)); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("%q becomes %q (%v)", raw, got, err)
		}
		if got, err := unwrap(text); err == nil {
			if again, err := unwrap(wrap(got)); err != nil || !bytes.Equal(again, got) {
				t.Errorf("%q becomes %q, then %q (%v)", text, got, again, err)
			}
		}
	})
}
