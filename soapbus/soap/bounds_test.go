package soap

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// aText is an envelope around one text.
func aText(kind, text string) io.Reader {
	return io.MultiReader(strings.NewReader(`<Envelope xmlns:x="http://www.w3.org/2001/XMLSchema-instance"><Body><r><v x:type="`+kind+`">`),
		strings.NewReader(text), strings.NewReader(`</v><after>here</after></r></Body></Envelope>`))
}

// A text is kept up to a bound, however it is written, and what follows it is
// read.
func TestLongTexts(t *testing.T) {
	const long = maxText + maxText/4
	for name, c := range map[string]struct{ kind, text string }{
		"plain":      {"string", strings.Repeat("drips ", long/6)},
		"references": {"string", strings.Repeat("&amp;", long/5)},
		"CDATA":      {"string", "<![CDATA[" + strings.Repeat("drips ", long/6) + "]]>"},
		"brackets":   {"string", "<![CDATA[" + strings.Repeat("]]", long/2) + "]]>"},
		"comments":   {"string", strings.Repeat(strings.Repeat("x", maxText/2)+"<!-- - -->", 5)},
		"base64":     {"base64Binary", strings.Repeat("w6TDtsO8\n", long/9)},
		"UTF-8":      {"string", strings.Repeat("ä", long/2)},
		"no text":    {"string", strings.Repeat("\x01\xff", long/2)},
	} {
		n, err := Decode(aText(c.kind, c.text), "", Limits{Bytes: 64 << 20})
		if err != nil || len(n.Children) != 2 {
			t.Errorf("%s: %v, %v", name, n, err)
			continue
		}
		most := maxText + 4096                       // what is read at a time
		if name == "comments" || name == "no text" { // pieces are texts of their own to the parser; marks take more bytes
			most = 2 * maxText
		}
		v, err := n.Children[0].Value()
		if err != nil || len(v) < maxText/8 || len(v) > most || n.Children[1].Text != "here" {
			t.Errorf("%s: %d bytes, %v; then %q", name, len(v), err, n.Children[1].Text)
		}
	}
}

// A reader that counts how often it is read, and how many bytes it gave.
type counted struct {
	r            io.Reader
	calls, bytes int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.calls++
	c.bytes += n
	return n, err
}

// Twice as long a reply is twice the work: steps of the cleaner and of the
// walk along references, for each shape that could be looked at again and again.
func TestWorkIsLinear(t *testing.T) {
	shapes := map[string]func(n int) string{
		"text":          func(n int) string { return strings.Repeat("x", n) },
		"openers":       func(n int) string { return strings.Repeat("&", n/2) + ";" + strings.Repeat("x;", n/4) },
		"dashes":        func(n int) string { return "<!--" + strings.Repeat("- ", n/2) + "-->" },
		"brackets":      func(n int) string { return "<![CDATA[" + strings.Repeat("]", n) + "]]>" },
		"question mark": func(n int) string { return "<?x " + strings.Repeat("?", n) + "?>" },
		"elements":      func(n int) string { return strings.Repeat("<i/>", n/4) },
		"references": func(n int) string {
			var b strings.Builder
			fmt.Fprint(&b, `<a id="a0">x</a>`)
			for i := 1; b.Len() < n; i++ {
				fmt.Fprintf(&b, `<a id="a%d"><r href="#a%d"/></a>`, i, i-1)
				if i%20 == 0 { // short chains, many of them
					fmt.Fprintf(&b, `<r href="#a0"/>`)
				}
			}
			return b.String()
		},
		"one target": func(n int) string {
			return `<a id="a">x</a>` + strings.Repeat(`<r href="#a"/>`, n/14)
		},
	}
	for name, shape := range shapes {
		var steps [2]int
		for i, n := range []int{1 << 16, 1 << 17} {
			c := &cleaner{}
			src, dst := []byte(shape(n)), make([]byte, 4096)
			for len(src) > 0 {
				_, read, err := c.Transform(dst, src[:min(len(src), 4096)], len(src) <= 4096)
				if read == 0 && err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				steps[i]++
				src = src[read:]
			}
			text := &counted{r: aText("", shape(n))}
			_, err := Decode(text, "", Limits{Depth: 10_000})
			if err != nil && name != "openers" && name != "references" {
				t.Errorf("%s: %v", name, err)
			}
			if text.bytes > n+n/2+1000 {
				t.Errorf("%s: %d bytes were read of %d", name, text.bytes, n)
			}
			steps[i] += text.calls
		}
		if steps[1] > 2*steps[0]+steps[0]/4+20 {
			t.Errorf("%s: %d steps for %d bytes, %d for twice as many", name, steps[0], 1<<16, steps[1])
		}
	}
}
