package main

import (
	"path/filepath"
	"strings"
	"testing"
)

const fixtures = "../../../fixtures"

// justified are the fixtures that Python reads otherwise, and why ours is right.
var justified = map[string]string{
	"britney/odd-package.mail: to":          "an address whose local part is no dot-atom and not quoted, which Python quotes",
	"buildd/log-mime.mail: names":           "its only text is what it says, and no attachment, whatever the file is called",
	"dak/katie-2002-latin1.mail: from":      "raw Latin-1, which Python shows as question marks",
	"dak/katie-2002-latin1.mail: text":      "raw Latin-1",
	"dak/queued-commands.mail: text":        "UTF-8 without a charset, as the queue daemon sends it",
	"dak/rejected-2005-latin1.mail: text":   "raw Latin-1",
	"lists/old-list-nonascii.mail: from":    "raw Latin-1",
	"lists/old-list-nonascii.mail: text":    "raw Latin-1",
	"hostile/raw-latin1.mail: from":         "raw Latin-1",
	"hostile/raw-latin1.mail: subject":      "raw Latin-1",
	"hostile/raw-latin1.mail: id":           "an id is made of bytes, and shown escaped",
	"hostile/raw-latin1.mail: text":         "raw Latin-1",
	"hostile/wrong-charset.mail: subject":   "Latin-1 under the label UTF-8",
	"hostile/wrong-charset.mail: text":      "Latin-1 under the label UTF-8",
	"hostile/unknown-charset.mail: subject": "a charset that nobody knows",
	"hostile/broken-base64.mail: text":      "a footer behind the encoded text, which Python 3.13 decodes, too",
	"hostile/bom.mail: text":                "Python takes a header behind a byte order mark for the text",
	"hostile/crcrlf.mail: text":             "Python ends the header at a line that ends in two returns",
	"hostile/mbox-garbage.mail: text":       "Python ends the header at a line that is no field",
	"hostile/nested.mail: text":             "deeper than we go",
	"hostile/no-final-boundary.mail: names": "a name is never a path",
	"hostile/nul-bytes.mail: subject":       "a NUL is not shown",
	"hostile/nul-bytes.mail: text":          "a NUL is shown as U+FFFD",
}

// TestFixturesAsPythonReadsThem: both readers see the same in all mails of the
// project, but for what is justified above.
func TestFixturesAsPythonReadsThem(t *testing.T) {
	files, err := mails(fixtures)
	if err != nil {
		t.Fatal(err)
	}
	found, err := compare(files)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, d := range found {
		path, err := filepath.Rel(fixtures, d.file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.ToSlash(path) + ": " + d.field
		if seen[name] = true; justified[name] == "" {
			t.Errorf("%v\nOne of the two is wrong: mend ours, or say in the list above why it is right.", d)
		}
	}
	for name := range justified {
		if !seen[name] {
			t.Logf("%s is no difference with this Python", name)
		}
	}
	t.Logf("%d mails, %d differences, all of them justified", len(files), len(found))
}

// TestDifferencesAreFound shows that the comparison can fail.
func TestDifferencesAreFound(t *testing.T) {
	a := reading{"subject": "tea", "from": []any{[]any{"Nora", "nora@example.org"}}}
	for name, c := range map[string]struct {
		theirs reading
		want   int
	}{
		"the same":        {reading{"subject": "tea", "from": []any{[]any{"Nora", "nora@example.org"}}}, 0},
		"nothing read":    {reading{"subject": nil, "from": []any{}}, 0},
		"another subject": {reading{"subject": "coffee"}, 1},
		"a hidden name":   {reading{"from": []any{[]any{"", "nora@example.org"}}}, 0},
		"another name":    {reading{"from": []any{[]any{"Otto", "nora@example.org"}}}, 1},
		"another person":  {reading{"from": []any{[]any{"Nora", "eve@example.net"}}}, 1},
	} {
		if got := differ("x", a, c.theirs); len(got) != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, err := mails(t.TempDir()); err == nil || !strings.Contains(err.Error(), "there is none") {
		t.Errorf("an empty directory: %v", err)
	}
}
