package charset

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"busbar/fixtures/cases"
)

// ask runs a Python script, which reads JSON and writes JSON. Python is the
// second implementation that everything here is held against.
func ask(t *testing.T, script string, in, out any) {
	t.Helper()
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "-I", "-c", script)
	cmd.Stdin = strings.NewReader(string(data))
	var said strings.Builder
	cmd.Stderr = &said
	answer, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3, which this test needs: %v\n%s", err, said.String())
	}
	if err := json.Unmarshal(answer, out); err != nil {
		t.Fatal(err)
	}
}

// A codec is one of Python's: its names, and what it makes of the samples.
type codec struct {
	Names   []string
	Encoded map[string]string // sample to base64, of those that it has
	Words   map[string]string // words of the samples, likewise
	Table   map[string]string // one and two bytes, in base64, to what they are
}

const codecs = `
import sys, json, base64, encodings.aliases, codecs, pkgutil, encodings
samples = json.load(sys.stdin)
b64 = lambda b: base64.b64encode(b).decode()
names = {}
for alias, codec in encodings.aliases.aliases.items():
    names.setdefault(codec, set()).update([alias, alias.replace('_', '-'), alias.upper()])
for m in pkgutil.iter_modules(encodings.__path__):
    names.setdefault(m.name, set()).update([m.name, m.name.replace('_', '-')])
out = {}
for codec, all in names.items():
    try:
        info = codecs.lookup(codec)
    except LookupError:
        continue
    if not info._is_text_encoding:
        continue
    c = {'Names': sorted(all), 'Encoded': {}, 'Words': {}, 'Table': {}}
    words = set()
    for name, text in samples.items():
        try:
            c['Encoded'][name] = b64(text.encode(codec))
        except Exception:
            pass
        words.update(text.split())
    for word in words:
        try:
            c['Words'][word] = b64(word.encode(codec))
        except Exception:
            pass
    pieces = [bytes([a]) for a in range(128, 256)]
    if codec in ('big5', 'big5hkscs', 'cp932', 'cp949', 'cp950', 'euc_jp', 'euc_kr', 'gb18030', 'gb2312', 'gbk', 'johab', 'shift_jis'):
        pieces += [bytes([a, b]) for a in range(128, 256) for b in range(0x31, 255)]
    if codec == 'euc_jp':
        pieces += [bytes([0x8f, a, b]) for a in range(0xa1, 255) for b in range(0xa1, 255)]
    for piece in pieces:
        if not codec.startswith(('utf', 'raw', 'unicode', 'iso2022', 'hz')):
            try:
                text = piece.decode(codec)
                if len(text) == 1:
                    c['Table'][b64(piece)] = text
            except Exception:
                pass
    out[codec] = c
json.dump(out, sys.stdout)
`

func bytesOf(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// notHere are Python's codecs that cannot be read here: EBCDIC of some nations, a
// telephone, and what is no charset.
var notHere = []string{"cp1026", "cp273", "cp424", "cp500", "cp875", "palmos",
	"charmap", "idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"}

// jisx0213 are the codecs of which only what JIS X 0208 has can be read.
var jisx0213 = []string{"euc_jis_2004", "euc_jisx0213", "iso2022_jp_2004", "iso2022_jp_3", "shift_jis_2004", "shift_jisx0213"}

// TestPython holds every charset and name against Python's: the meaning of each
// byte and pair of bytes, sentences and single words in it, and UTF-8 that bears
// its label.
func TestPython(t *testing.T) {
	var all map[string]codec
	ask(t, codecs, samples, &all)
	unlabelled := slices.Sorted(maps.Keys(all["utf_8"].Words))
	var names, texts, words, pieces, differing, labelled, foreign, alike int
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c := all[name]
		cs, known := Lookup(name)
		if known == slices.Contains(notHere, name) {
			t.Errorf("%s: known %v", name, known)
		}
		if !known {
			continue
		}
		for _, alias := range c.Names {
			names++
			if got, _ := Lookup(alias); got != cs {
				t.Errorf("%s, a name of %s, is %v", alias, name, got)
			}
		}
		for piece, want := range c.Table {
			pieces++
			if got := cs.piece(bytesOf(t, piece)); got != want {
				differing++
				if why := otherwise(name, bytesOf(t, piece), want); why == "" {
					t.Errorf("%s: %x is %q, not %q", name, bytesOf(t, piece), want, got)
				}
			}
		}
		for sample, encoded := range c.Encoded {
			if !slices.Contains(c.readable(name), sample) {
				continue
			}
			texts++
			if got, _ := Decode(name, bytesOf(t, encoded)); got != samples[sample] {
				t.Errorf("%s, %s:\n%s\n%s", name, sample, samples[sample], got)
			}
		}
		for word, encoded := range c.Words {
			if slices.Contains(jisx0213, name) || strings.HasSuffix(name, "big5") || name == "cp950" || word == "똠방각하." {
				continue
			}
			words++
			if got, _ := Decode(name, bytesOf(t, encoded)); strings.ReplaceAll(got, "￡", "£") != word {
				t.Errorf("%s: %s is %s", name, word, got)
			}
		}
		if cs.kind != single && cs.kind != multi {
			continue
		}
		for sample, text := range samples {
			labelled++
			if got, _ := Decode(name, []byte(text)); got != text {
				t.Errorf("UTF-8 under %s, %s:\n%s\n%s", name, sample, text, got)
			}
		}
		for i := 0; i < len(unlabelled); i += cases.Of(6, 1) {
			word := unlabelled[i]
			foreign++
			if got, _ := Decode(name, []byte(word)); got != word {
				alike++
			}
		}
	}
	t.Logf("%d names, %d texts, %d words, %d pieces of which %d are otherwise for a reason, %d texts of UTF-8 under other labels, %d words of which %d look as good in the label's",
		names, texts, words, pieces, differing, labelled, foreign, alike)
	if names < 700 || texts < 500 || words < 10_000 || pieces < 100_000 || labelled < 3000 {
		t.Error("Python said too little")
	}
	if alike*50 > foreign {
		t.Errorf("%d of %d words of UTF-8 are read as their label says", alike, foreign)
	}
}

// piece is what one character of the charset means, without the rule for runs.
func (c *Charset) piece(b []byte) string {
	switch c.kind {
	case multi:
		out, _ := (&multiReader{c: c, dec: c.enc.NewDecoder()}).appendWord(nil, b)
		return string(out)
	case single, ebcdic:
		return string(c.page(b[0]))
	}
	text, _ := c.Decode(b)
	return text
}

// otherwise says why a piece is not what it is to Python.
func otherwise(name string, b []byte, python string) string {
	r := []rune(python)[0]
	switch {
	case b[0] < 0xA0 && len(b) == 1 && r < 0xA0:
		return "a control character that nobody writes: Windows' quotes and dashes stand there"
	case r >= 0xE000 && r <= 0xF8FF:
		return "a private character"
	case strings.ContainsRune("〜‖−£¢¬~・―", r):
		return "written alike in Windows, whose table is the common one"
	case name == "koi8_u" && (b[0] == 0xAE || b[0] == 0xBE):
		return "KOI8-RU has a letter there that Belarusian needs"
	case (name == "big5" || name == "cp950") && b[0] >= 0xC6 && b[0] <= 0xC8:
		return "the additions of ETEN, as everybody has them"
	case strings.Contains(name, "big5") && b[0] >= 0xA1 && b[0] <= 0xA3 || name == "cp950" && b[0] == 0xF9:
		return "signs of Big5 that have two forms"
	}
	return ""
}

// readable are the samples that must come out as they were.
func (c codec) readable(name string) []string {
	switch {
	case slices.Contains(jisx0213, name):
		return []string{"japanese", "kana", "russian"}
	case name == "big5", name == "cp950":
		return []string{"taiwanese", "english"}
	case name == "euc_kr": // composed syllables beyond its 2350
		return []string{"japanese", "russian"}
	}
	return slices.Collect(maps.Keys(c.Encoded))
}
