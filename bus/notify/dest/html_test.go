package dest

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestHTML(t *testing.T) {
	for text, want := range map[string]string{
		"":              "",
		"one\ntwo\n":    "<p>one<br>\ntwo</p>\n",
		"a\n\n\n\nb\n":  "<p>a</p>\n<p>b</p>\n",
		"<b> & \"q\"\n": "<p>&lt;b&gt; &amp; &#34;q&#34;</p>\n",
		"see https://bugs.example.org/?a=1&b=2 now":   `<p>see <a href="https://bugs.example.org/?a=1&amp;b=2">https://bugs.example.org/?a=1&amp;b=2</a> now</p>` + "\n",
		"javascript:alert(1) http:// https://a\"b.de": "<p>javascript:alert(1) http:// https://a&#34;b.de</p>\n",
		"https://user:pw@example.org/":                "<p>https://user:pw@example.org/</p>\n",
	} {
		if got := (Note{Text: text}).HTML(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestFates(t *testing.T) {
	base := errors.New("it is full")
	for _, c := range []struct {
		err  error
		want Error
	}{
		{base, Error{}}, {fmt.Errorf("sending: %w", Refused(base)), Error{Fate: Dead}}, {Unreachable(base), Error{Fate: Gone}},
		{One(base), Error{Fate: RetryOne}}, {Later(base, time.Minute), Error{Wait: time.Minute}}, {Unsure(base), Error{Unsure: true}},
	} {
		got := FateOf(c.err)
		if got.Fate != c.want.Fate || got.Wait != c.want.Wait || got.Unsure != c.want.Unsure || !errors.Is(got.Err, base) {
			t.Errorf("%v: %+v, want %+v", c.err, got, c.want)
		}
	}
}
