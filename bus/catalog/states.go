package catalog

import (
	"fmt"
	"io"
	"strings"

	"busbar/common/archive"
	"busbar/common/show"
	"busbar/common/state"
)

// writeStates prints which states of things a hub keeps, as text or as the reference page.
func writeStates(w io.Writer, present *state.Table, markdown bool) error {
	var b strings.Builder
	if markdown {
		b.WriteString(`# States

Made by ` + "`make generate`" + ` from the adapters' own declarations; do not edit.

A hub keeps the newest state of each thing that messages are about, made from them by
the rules that the adapters declare, in the transaction in which it stores the message.
[How to ask for them](../howto/state.md).

- A member has the value that was said last: by the time when it happened, then by
  when it was said. Of builds and refs, a publisher's own numbers count first. In
  whatever order messages come, the state is the same, and ` + "`bus archive rebuild`" + ` makes
  it again, byte for byte.
- What no message told is absent. Of a list of which messages told only what came and
  went, the elements that are known to be there are in it; those that are known not
  to be stand in ` + "`partial`" + `, under its name.
- ` + "`event`" + ` is the topic of the message that changed it last; ` + "`gone`" + ` is true for what is
  no more, which is left out unless it is asked for (` + "`gone=1`" + `).
- A member of more than 8 KiB is left out; a thing of which more than 4,000 values were
  told keeps the newest.

In the archive's SQLite file, which any program may read while the hub runs, there is a
view for each kind. It has the things that are there, a column for each member (lists
are JSON), and the columns:

`)
		for _, c := range archive.ViewColumns {
			fmt.Fprintf(&b, "- `%s`: %s\n", c.Name, c.Doc)
		}
		b.WriteString("\nFor example:\n\n    sqlite3 -readonly /var/lib/busbar/hub/archive.db \"SELECT bug, severity, title FROM bus_bugs WHERE package = 'hello'\"\n")
	}
	for _, p := range present.Projections() {
		if !markdown {
			fmt.Fprintf(&b, "%-10s %s; key %s\n", p.Plural, p.Meaning, p.Key)
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s%s. Key: %s. View: `bus_%s`.\n\n| member | meaning |\n| --- | --- |\n", p.Plural, strings.ToUpper(p.Meaning[:1]), p.Meaning[1:], p.Key, p.Plural)
		for _, m := range p.Members {
			list := ""
			if m.List {
				list = " (list)"
			}
			fmt.Fprintf(&b, "| `%s`%s | %s |\n", m.Name, list, m.Doc)
		}
	}
	_, err := show.Fprintf(w, "%s", show.Clean(b.String()))
	return err
}
