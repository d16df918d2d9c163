package manual

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const page = "# A page\n\nWhat it is: `a-b_c`, [a link](x.md#y), **loud**. And &lt;more>.\n\n## One thing\n\n| Member | Type | What |\n| --- | --- | --- |\n" +
	"| `topic` | text | which; `a\\|b` |\n| plain ? | list of text | an \"other\" |\n\n1. First\n   goes on:\n   - inner `x`;\n   - and\n     more.\n2. Second.\n\nThen:\n\n```go\n" +
	".Sh code 'x' \\n\n\tindented\n```\n\n    four blanks\n      six\n\n> Said to\n> somebody.\n\n### Smaller\n\n- alone\n"

// TestConvert has mandoc read what each form of Markdown becomes.
func TestConvert(t *testing.T) {
	var b strings.Builder
	if err := Convert(&b, page, "a-page", "7", "a page of all forms", "1", time.Unix(1_790_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a-page.7")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	lint(t, path)
	text := rendered(t, path)
	for _, want := range []string{
		"What it is: a-b_c, a link, loud.  And <more>.", "ONE THING\n", "topic (text)\n             which; a|b", "plain ? (list of text)\n             an \"other\"",
		"1.   First goes on:", "•   inner x;", "•   and more.", "2.   Second.", "           .Sh code 'x' \\n\n", "           four blanks\n             six\n", "           Said to somebody.", "   Smaller\n", "•   alone",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s\n%s", want, text, b.String())
		}
	}
}
