package debbugs

import (
	"strings"

	"busbar/common/event"
	"busbar/common/state"
)

// Present is what the newest states of bugs are made of.
func Present() state.Projection {
	var topics []string
	for _, k := range AllKinds() {
		if strings.HasPrefix(k.Topic, "debbugs.bug.") {
			topics = append(topics, k.Topic)
		}
	}
	return state.Projection{
		Kind: "bug", Plural: "bugs", Meaning: "each bug, as the bug tracker's mails and records tell it", Key: "NUMBER", Version: 1,
		Topics: topics, Of: presentOf, Members: []state.Member{
			{Name: "bug", Doc: "its number"},
			{Name: "package", Doc: "the source package if it is known and the bug is filed against one name, else the first of the names"},
			{Name: "packages", Doc: "all names that it is filed against"},
			{Name: "source", Doc: "the source package, where it is told"},
			{Name: "title", Doc: "its title"},
			{Name: "severity", Doc: "its severity"},
			{Name: "status", Doc: "open or done"},
			{Name: "done", Doc: "who closed it; empty: nobody"},
			{Name: "archived", Doc: "it is archived: true or false"},
			{Name: "submitter", Doc: "who reported it"},
			{Name: "owner", Doc: "who takes care of it; empty: nobody"},
			{Name: "forwarded", Doc: "where it was forwarded to; empty: nowhere"},
			{Name: "summary", Doc: "its summary; empty: none"},
			{Name: "outlook", Doc: "its outlook; empty: none"},
			{Name: "tags", Doc: "its tags", List: true},
			{Name: "found", Doc: "versions that it is in, without the source's name", List: true},
			{Name: "fixed", Doc: "versions that it is fixed in, without the source's name", List: true},
			{Name: "affects", Doc: "packages that it affects", List: true},
			{Name: "blocked_by", Doc: "bugs that block it", List: true},
			{Name: "blocks", Doc: "bugs that it blocks", List: true},
			{Name: "merged", Doc: "bugs that are one with it", List: true},
			{Name: "url", Doc: "its page"},
		},
	}
}

// presentOf gives what a message says of bugs. Each tells in passing what its bug is
// filed against.
func presentOf(topic string, body map[string]any) []state.Change {
	bug := state.Number(body, "bug")
	if bug == "" {
		return nil
	}
	by := state.Change{Key: bug, Weak: true, Set: state.Take(map[string]any{}, body, "bug", "url", "tags")}
	for _, name := range []string{"package", "source", "severity"} {
		if s := state.Text(body, name); s != "" {
			by.Set[name] = s
		}
	}
	if len(state.Texts(body, "packages")) > 0 {
		by.Set["packages"] = body["packages"]
	}
	what := strings.TrimSuffix(strings.TrimPrefix(topic, "debbugs.bug."), ".update")
	c := state.Change{Key: bug, Set: map[string]any{}}
	more := presentChange(what, body, &c)
	if len(c.Set)+len(c.Add)+len(c.Remove) == 0 && !c.Gone {
		return append([]state.Change{by}, more...)
	}
	return append([]state.Change{by, c}, more...)
}

// presentChange reads what changed, and what of other bugs changed with it.
func presentChange(what string, body map[string]any, c *state.Change) (more []state.Change) {
	set := func(name string, v any) { c.Set[name] = v }
	switch what {
	case "create":
		set("status", "open")
		set("title", state.Text(body, "title"))
		if state.Text(body, "severity") == "" {
			set("severity", defaultSeverity)
		}
		if p := state.Person(body, "person"); p != "" {
			set("submitter", p)
		}
	case "close":
		set("status", "done")
		set("done", state.Person(body, "done_by"))
	case "reopen":
		set("status", "open")
		set("done", "")
	case "archive", "unarchive":
		set("archived", what == "archive")
	case "delete":
		c.Gone = true
	case "severity":
		set("severity", state.Text(body, "severity"))
	case "title":
		set("title", state.Text(body, "title"))
	case "package":
		set("packages", body["to"])
		set("package", state.Text(body, "package"))
	case "owner":
		set("owner", state.Person(body, "owner"))
	case "submitter":
		set("submitter", state.Person(body, "to"))
	case "forward":
		if to := state.Text(body, "to"); to != "" { // else it was sent to the tracker alone, which records nothing then
			set("forwarded", to)
		}
	case "unforward":
		set("forwarded", "")
	case "summary", "outlook":
		set(what, state.Text(body, "text"))
		if removed, _ := body["removed"].(bool); !removed && (state.Text(body, "text") == "" || body["truncated"] == true) {
			set(what, nil)
		}
	case "tag":
		elements(c, "tags", body)
	case "affect":
		elements(c, "affects", body)
	case "fixed", "found":
		elements(c, what, body)
		if body["reopened"] == true {
			set("status", "open")
			set("done", "")
		}
	case "block":
		return presentBlocks(body, c)
	case "merge":
		others, _ := state.List(body, "bugs")
		set("merged", others)
	case "unmerge":
		others, _ := state.List(body, "bugs")
		c.Remove = map[string][]any{"merged": others}
	}
	return nil
}

func elements(c *state.Change, list string, body map[string]any) {
	added, _ := state.List(body, "added")
	removed, _ := state.List(body, "removed")
	if list == "found" || list == "fixed" {
		added, removed = versions(added), versions(removed)
	}
	c.Add, c.Remove = map[string][]any{list: added}, map[string][]any{list: removed}
}

// versions are without their source: mails name them so, the tracker otherwise.
func versions(list []any) (all []any) {
	for _, v := range list {
		s, _ := v.(string)
		all = append(all, bareVersion(s))
	}
	return all
}

func bareVersion(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// presentBlocks has both ends: the tracker changes the other bugs, too, and nobody
// tells that.
func presentBlocks(body map[string]any, c *state.Change) (more []state.Change) {
	this := []any{event.Int(c.Key)}
	list := func(name string) []any { l, _ := state.List(body, name); return bounded(l) }
	c.Add = map[string][]any{"blocked_by": list("added"), "blocks": list("blocking_added")}
	c.Remove = map[string][]any{"blocked_by": list("removed"), "blocks": list("blocking_removed")}
	other := func(bugs []any, there string, add bool) {
		for _, v := range bugs {
			n, _ := v.(event.Int)
			x := state.Change{Key: state.Number(map[string]any{"bug": n}, "bug"), Set: map[string]any{"bug": n}}
			if ends := (map[string][]any{there: this}); add {
				x.Add = ends
			} else {
				x.Remove = ends
			}
			more = append(more, x)
		}
	}
	other(c.Add["blocked_by"], "blocks", true)
	other(c.Remove["blocked_by"], "blocks", false)
	other(c.Add["blocks"], "blocked_by", true)
	other(c.Remove["blocks"], "blocked_by", false)
	return more
}
