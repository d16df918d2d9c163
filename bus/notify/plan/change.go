package plan

import (
	"encoding/json"
	"slices"
	"strings"

	"busbar/bus/notify/rule"
)

// A Change is that something went from one value to another. Two that follow each other
// and end where they began are as if nothing had been.
type Change struct {
	Of   string `json:"of"` // what changed: "bug/1012345/severity"
	From string `json:"from"`
	To   string `json:"to"`
}

// opposites are kinds that take each other back: of what, and the values before and
// after.
var opposites = map[string][3]string{
	"debbugs.bug.close":         {"done", "no", "yes"},
	"debbugs.bug.reopen":        {"done", "yes", "no"},
	"debbugs.bug.forward":       {"forwarded", "no", "yes"},
	"debbugs.bug.unforward":     {"forwarded", "yes", "no"},
	"debbugs.bug.archive":       {"archived", "no", "yes"},
	"debbugs.bug.unarchive":     {"archived", "yes", "no"},
	"busbar.canary.miss":        {"canary", "come", "miss"},
	"busbar.canary.return":      {"canary", "miss", "come"},
	"wannabuild.build.exclude":  {"excluded", "no", "yes"},
	"wannabuild.build.include":  {"excluded", "yes", "no"},
	"wannabuild.binnmu.request": {"binnmu", "no", "yes"},
	"wannabuild.binnmu.cancel":  {"binnmu", "yes", "no"},
	"wannabuild.build.fail":     {"failed", "no", "yes"},
	"wannabuild.build.retry":    {"failed", "yes", "no"},
}

// values are the members that tell the values before and after.
var values = map[string][2]string{
	"debbugs.bug.severity.update":  {"previous", "severity"},
	"debbugs.bug.title.update":     {"previous", "title"},
	"debbugs.bug.owner.update":     {"previous", "owner"},
	"debbugs.bug.package.update":   {"from", "to"},
	"debbugs.bug.submitter.update": {"from", "to"},
	"debbugs.bug.summary.update":   {"previous", "text"},
	"debbugs.bug.outlook.update":   {"previous", "text"},
	"debbugs.bug.tag.update":       {"removed", "added"},
	"debbugs.bug.found.update":     {"removed", "added"},
	"debbugs.bug.fixed.update":     {"removed", "added"},
	"debbugs.bug.affect.update":    {"removed", "added"},
	"debbugs.bug.block.update":     {"removed", "added"},
}

// subjects are the members that tell of what a change is, beside the kind.
var subjects = []string{"bug", "package", "suite", "architecture", "version", "channel", "source"}

// ChangeOf is the change that an event tells; nil: it tells none that could be taken back.
func ChangeOf(ev *rule.Event) *Change {
	body, _ := ev.Envelope.Msg.(map[string]any)
	name, before, after := "", "", ""
	if o, ok := opposites[ev.Bare]; ok {
		name, before, after = o[0], o[1], o[2]
	} else if members, ok := values[ev.Bare]; ok {
		name, before, after = strings.TrimSuffix(ev.Bare, ".update"), textOf(body[members[0]]), textOf(body[members[1]])
	}
	if name == "" || before == after {
		return nil
	}
	of := []string{}
	if len(ev.Bugs) == 1 {
		of = append(of, "bug/"+ev.Bugs[0])
	} else {
		for _, member := range subjects {
			if text := textOf(body[member]); text != "" {
				of = append(of, text)
			}
		}
	}
	if len(of) == 0 {
		return nil
	}
	return &Change{Of: strings.Join(append(of, name), "/"), From: before, To: after}
}

// textOf is a value so that equal values have equal texts; lists have no order.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		list := make([]string, len(v))
		for i, x := range v {
			list[i] = textOf(x)
		}
		slices.Sort(list)
		return strings.Join(list, " ")
	}
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return strings.Trim(string(text), `"`)
}
