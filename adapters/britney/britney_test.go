package britney

import (
	"strings"
	"testing"

	"busbar/common/mail"
	"busbar/common/translate"
)

const told = "X-Testing-Watch-Package: tea\nX-Testing-Watch-Version: 2-1\nSubject: tea 2-1 MIGRATED to testing\nMessage-ID: <a@example.org>\n\n" +
	"  Previous version: 1-1\n  Current version:  2-1\n"

func outcome(t *testing.T, raw string) translate.Outcome {
	t.Helper()
	o, err := translate.Run([]translate.Translator[*mail.Message]{Translator()}, translate.Item[*mail.Message]{Value: load([]byte(raw))})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestChange: what contradicts itself or is missing is kept aside, and what another
// service passes on is that service's.
func TestChange(t *testing.T) {
	change := func(old, new string) string {
		if !strings.Contains(told, old) {
			t.Fatalf("%q is not in the mail", old)
		}
		return strings.Replace(told, old, new, 1)
	}
	for name, c := range map[string]struct{ raw, want string }{
		"as it is":             {told, "tea 2-1 migrated to testing, where 1-1 was"},
		"another suite":        {change("to testing", "to trixie"), "tea 2-1 migrated to trixie, where 1-1 was"},
		"back to older":        {change("Previous version: 1-1", "Previous version: 3-1"), "tea 2-1 migrated to testing, where 3-1 was"},
		"no current version":   {change("Current", "Recent"), "poison"},
		"no previous version":  {change("Previous", "Former"), "poison"},
		"header and text":      {change("X-Testing-Watch-Version: 2-1", "X-Testing-Watch-Version: 3-1"), "poison"},
		"removed, but there":   {change("MIGRATED to", "REMOVED from"), "poison"},
		"migrated, but gone":   {change("Current version:  2-1", "Current version:  (not in testing)"), "poison"},
		"no subject":           {change("MIGRATED to", "came to"), "poison"},
		"no package":           {change("Package: tea", "Package:"), "poison"},
		"bytes in the package": {change("Package: tea", "Package: t\xe9"), "poison"},
		"bytes in a version":   {change("Previous version: 1-1", "Previous version: 1\xff-1"), "poison"},
		"a reply":              {change("X-Testing-Watch-Package: tea\n", ""), "skip"},
		"from the tracker":     {"X-Debian-PR-Message: followup 7\n" + told, "skip"},
	} {
		o := outcome(t, c.raw)
		got := ""
		switch {
		case o.Poison != "":
			got = "poison"
		case len(o.Events) == 0:
			got = "skip"
		default:
			got = o.Events[0].Kind.Sentence(o.Events[0].Body)
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q (%+v)", name, got, c.want, o)
		}
	}
}

// TestHintEndsAtTheSignature: what stands below is the program's.
func TestHintEndsAtTheSignature(t *testing.T) {
	o := outcome(t, told+"  Hint:             <https://example.org/hints/iris>\n    # why\n    easy tea/2-1\n\n-- \nA program.\n")
	if len(o.Events) != 1 {
		t.Fatalf("got %+v", o)
	}
	hint := o.Events[0].Body.(Changed).Hint
	if hint == nil || hint.URL != "https://example.org/hints/iris" || hint.Text != "# why\neasy tea/2-1" {
		t.Errorf("the hint is %+v", hint)
	}
}
