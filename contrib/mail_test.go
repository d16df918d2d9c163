package contrib

import (
	"strings"
	"testing"

	"busbar/contrib/trials/trial"
)

// mailSystems is where they are unpacked.
func mailSystems(t *testing.T, names ...string) string {
	t.Helper()
	dir, err := trial.MailSystems(t.Context(), names...)
	must(t, err)
	return dir
}

// commandsOf are the indented blocks of a section of a page, which are run as they are.
func commandsOf(t *testing.T, page, section string) string {
	t.Helper()
	_, text, ok := strings.Cut(read(t, "../docs/howto/"+page), "\n## "+section+"\n")
	if !ok {
		t.Fatalf("%s has no section %q", page, section)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	var b strings.Builder
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			b.WriteString(command)
		}
	}
	if b.Len() == 0 {
		t.Fatalf("%s has no commands in %q", page, section)
	}
	return b.String()
}

// A mailWay is a section of a page: a way from a mail system to mail2bus.
type mailWay struct {
	page, section string
	systems       string // that dev/mailsystems.sh unpacks
	before        string // of testdata/: how the mail system's package leaves it
	try           string // what must work when the page's commands were run
}

// TestMailPages runs the commands of each page as they stand, with the real mail
// system, and then sends mails.
func TestMailPages(t *testing.T) {
	t.Parallel()
	for _, way := range mailWays {
		t.Run(strings.TrimSuffix(way.page, ".md")+"/"+way.section, func(t *testing.T) {
			m := newMachine(t, way.systems)
			out := m.session(". contrib/testdata/" + way.before + "\n" + commandsOf(t, way.page, way.section) + "\n" + way.try)
			if _, why, other := strings.Cut(out, "session: for another release: "); other {
				// That one is tried in a booted system of its own (package/inside/mail.sh).
				if t.Log(why); !strings.Contains(read(t, "package/inside/mail.sh"), "'"+way.page+"' '"+way.section+"'") {
					t.Errorf("nothing tries %s of %s", way.section, way.page)
				}
				return
			}
			want(t, out, "session: all is well")
		})
	}
}
