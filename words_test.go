package busbar

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// A metaphor is a word that only insiders understand, and the term for it in
// docs/glossary.md.
type metaphor struct {
	word, term string
	names      bool   // looked for in the product's names alone: elsewhere it has its plain meaning
	except     string // paths where it is a term of the service itself; empty: none
}

var metaphors = []metaphor{
	{word: "weather", term: "transient error"},
	// Badges for days in a row are called so by those who give and get them.
	{word: "streak", term: "generation", except: `^bus/(badges|web)/`},
	{word: "calm", term: "back-off"},
	{word: "errand", term: "retry queue, or command"},
	{word: "mourn", term: "the log of what was dropped"},
	{word: "heard", term: "received, or suppressed"},
	{word: "fence", term: "replication horizon"},
	{word: "fenced", term: "guarded"},
	{word: "anew", term: "again"},
	{word: "trouble", term: "error", names: true},
	{word: "told", term: "published, or reported", names: true},
	{word: "untold", term: "unpublished", names: true},
	{word: "noted", term: "baseline, or recorded", names: true},
	{word: "doubles", term: "duplicates", names: true},
	{word: "gaveback", term: "requeued", names: true},
	// wanna-build's own give-back is what a person does to a package.
	{word: "givenback", term: "requeued", names: true, except: `^adapters/wannabuild/`},
}

// TestPlainWords keeps private metaphors out of names and comments. Texts are not
// looked at: stored values and other programs' words are there.
func TestPlainWords(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".go" || path == "words_test.go" {
			return nil
		}
		for _, complaint := range unplain(t, filepath.ToSlash(path), nil) {
			t.Error(complaint)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestMetaphorsAreFound shows that the rule can be broken, and what it lets pass.
func TestMetaphorsAreFound(t *testing.T) {
	for source, want := range map[string]string{
		"package p\n\nvar lastWeather int\n":                     "weather",
		"package p\n\n// f waits for good weather.\nfunc f() {}": "weather",
		"package p\n\ntype GivenBack struct{}\n":                 "givenback",
		"package p\n\nvar isTold bool\n":                         "told",
		"package p\n\n// f does as it was told.\nfunc f() {}":    "",
		"package p\n\nvar bold, s = 1, \"the weather\"\n":        "",
		"package p\n\n// defence is one word.\nvar x int\n":      "",
	} {
		got := strings.Join(unplain(t, "p.go", []byte(source)), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: complaint %q, want %q", source, got, want)
		}
	}
	if got := unplain(t, "adapters/wannabuild/p.go", []byte("package p\n\nfunc givenBack() {}\n")); len(got) > 0 {
		t.Errorf("wanna-build's own term is refused: %q", got)
	}
}

// unplain says where a Go file has one of the metaphors. source may be nil: the
// file's own.
func unplain(t *testing.T, path string, source []byte) (bad []string) {
	t.Helper()
	files := token.NewFileSet()
	var text any
	if source != nil {
		text = source
	}
	file, err := parser.ParseFile(files, path, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	product := !strings.HasSuffix(path, "_test.go") && !strings.HasPrefix(path, "fixtures/") && !strings.HasPrefix(path, "contrib/")
	look := func(at token.Pos, words []string, name bool) {
		all := " " + strings.Join(words, " ") + " " + strings.Join(words, "") + " "
		for _, m := range metaphors {
			if !strings.Contains(all, " "+m.word+" ") || m.names && !(name && product) || m.except != "" && regexp.MustCompile(m.except).MatchString(path) {
				continue
			}
			bad = append(bad, files.Position(at).String()+": "+m.word+" is a private word: say "+m.term+" (docs/glossary.md)")
		}
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			look(c.Pos(), strings.FieldsFunc(strings.ToLower(c.Text), func(r rune) bool { return !unicode.IsLetter(r) }), false)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			look(id.Pos(), wordsOf(id.Name), true)
		}
		return true
	})
	return bad
}

// wordsOf takes a name apart: lastPoll is last and poll.
func wordsOf(name string) []string {
	var words []string
	start := 0
	for i, r := range name {
		if i > start && (unicode.IsUpper(r) || r == '_') {
			words = append(words, strings.ToLower(strings.Trim(name[start:i], "_")))
			start = i
		}
	}
	return append(words, strings.ToLower(strings.Trim(name[start:], "_")))
}
