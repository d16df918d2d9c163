package debbugs

import (
	"testing"

	"busbar/common/mail"
)

func TestPseudoHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		text, version, severity string
	}{
		"plain":            {"Package: teapot\nVersion: 3.1-1\nSeverity: grave\n\nIt drips.\n", "3.1-1", "grave"},
		"case":             {"PACKAGE: teapot\nvErsion: 1\nSEVERITY: Grave\n", "1", "grave"},
		"blank lines":      {"\n\nVersion: 1\n\n", "1", ""},
		"byte order mark":  {"\ufeffVersion: 1\n", "1", ""},
		"priority":         {"Priority: minor\n", "", "minor"},
		"package/version":  {"Version: teapot/1:2.0~rc1-1+b2\n", "teapot/1:2.0~rc1-1+b2", ""},
		"not a version":    {"Version: not a version!\nSeverity: superbad\n", "", ""},
		"first counts":     {"Version: 1\nVersion: 2\n", "1", ""},
		"folded":           {"Tags: a\n b\nVersion: 1\n", "1", ""},
		"ends at text":     {"Package: teapot\nHello: there is\nbut no field\nVersion: 1\n", "", ""},
		"ends at blank":    {"Package: teapot\n\nVersion: 1\n", "", ""},
		"no field":         {"Dear maintainer,\nVersion: 1\n", "", ""},
		"empty":            {"", "", ""},
		"clearsigned":      {"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nVersion: 1\n\nx\n-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n", "1", ""},
		"name with blanks": {"A b: c\nVersion: 1\n", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := pseudoHeaders(c.text)
			if v, s := p.version("version"), p.severity(); v != c.version || s != c.severity {
				t.Errorf("got version %q and severity %q, want %q and %q", v, s, c.version, c.severity)
			}
		})
	}
}

func TestRealHeaderCountsToo(t *testing.T) {
	m := mail.Parse([]byte("X-Debbugs-Version: 2\nX-Debbugs-Severity: minor\n\nVersion: 1\n"), mail.Limits{})
	p := pseudoHeaders(m.Text()).also(m.Header, "version", "severity")
	if p.version("version") != "1" || p.severity() != "minor" {
		t.Errorf("got %q and %q: the text comes first, the header fills in", p.version("version"), p.severity())
	}
}

func FuzzPseudoHeaders(f *testing.F) {
	for _, s := range []string{"Package: x\nVersion: 1\n\n", "\n\nTags: a\n b", ":\n", " x: y", "A:\n\tb\nA: c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := pseudoHeaders(text)
		if len(p) > 200 {
			t.Errorf("%d fields", len(p))
		}
		if v := p.version("version"); v != "" && !version.MatchString(v) {
			t.Errorf("version %q", v)
		}
		for name := range p {
			if !fieldName.MatchString(name) {
				t.Errorf("field %q", name)
			}
		}
	})
}
