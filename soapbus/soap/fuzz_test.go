package soap

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/transform"
)

const fixtures = "../../fixtures/soap"

// FuzzDecode: no bytes make it panic, exceed its limits, or return what is not
// readable; and errors are of the declared kinds.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob(fixtures + "/*.http")
	if err != nil || len(files) == 0 {
		f.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
		f.Add(body, "text/xml; charset=utf-8")
	}
	f.Add([]byte(references(5)), "")
	f.Add([]byte(laughs(2)), "")
	f.Add([]byte(response("<a xsi:type='soapenc:base64'>w6k=</a><![CDATA[x]]><!-- y --><?z?>&#1;\xff")), "text/xml; charset=latin1")
	lim := Limits{Bytes: 64 << 10, Depth: 20, Elements: 2000}
	f.Fuzz(func(t *testing.T, raw []byte, contentType string) {
		n, err := Decode(bytes.NewReader(raw), contentType, lim)
		if _, isFault := errors.AsType[*Fault](err); err != nil {
			known := isFault
			for _, kind := range []error{ErrTooLarge, ErrCut, ErrNotSOAP, ErrRefused} {
				known = known || errors.Is(err, kind)
			}
			if text := err.Error(); !known || !utf8.ValidString(text) || strings.ContainsAny(text, "\n\r\x00") || len(text) > 400 {
				t.Fatalf("the error is not one to tell: %q", text)
			}
			return
		}
		if elements := check(t, n, 1, lim.Depth); elements > lim.Elements {
			t.Fatalf("%d elements", elements)
		}
		sameInPieces(t, raw)
	})
}

// check walks a tree as a reader would, and counts.
func check(t *testing.T, n *Node, depth, most int) int {
	if depth > most {
		t.Fatalf("%d deep", depth)
	}
	if !utf8.ValidString(n.Name + n.Type + n.Text) {
		t.Fatalf("%q, %q, %q", n.Name, n.Type, n.Text)
	}
	if v, err := n.Value(); err == nil && !utf8.ValidString(v) {
		t.Fatalf("value %q", v)
	}
	n.Items()
	n.Hash()
	elements := 1
	for _, c := range n.Children {
		elements += check(t, c, depth+1, most)
	}
	return elements
}

// sameInPieces: cleaning does not depend on how the bytes come.
func sameInPieces(t *testing.T, raw []byte) {
	whole, _, err := transform.Bytes(&cleaner{}, raw)
	if err != nil {
		return
	}
	var pieces bytes.Buffer
	w := transform.NewWriter(&pieces, &cleaner{})
	for i := range raw {
		if _, err := w.Write(raw[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(whole, pieces.Bytes()) {
		t.Fatalf("cleaned whole:\n%q\nin pieces:\n%q", whole, pieces.Bytes())
	}
}

// BenchmarkDecode reads the array of a large answer.
func BenchmarkDecode(b *testing.B) {
	var items strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&items, `<item xsi:type="xsd:int">%d</item>`, 700000+i)
	}
	raw := response(`<a xsi:type="soapenc:Array">` + items.String() + `</a>`)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(strings.NewReader(raw), "", Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
