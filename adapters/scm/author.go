package scm

import (
	"strings"

	"busbar/common/event"
)

// Author reads who wrote a commit. Git wants "Name <address>", and hg and svn
// take any text: a bare address, a name and a bare address, or a login. Of
// several addresses the first counts, as for git.
func Author(s string) event.Person {
	name, rest, found := strings.Cut(s, "<")
	if found && strings.ContainsAny(rest, "@>") { // "I <3 git" has no address
		address, _, _ := strings.Cut(strings.TrimLeft(rest, "< \t"), ">")
		return event.Person{Name: unquoted(strings.TrimSpace(name)), Email: strings.TrimSpace(address)}
	}
	words := strings.Fields(s)
	for i, w := range words {
		if w = strings.Trim(w, "()[],;"); !isAddress(w) {
			continue
		}
		rest := strings.Join(append(words[:i:i], words[i+1:]...), " ")
		if inner, ok := strings.CutPrefix(rest, "("); ok { // nora@example.org (Nora)
			rest = strings.TrimSuffix(inner, ")")
		}
		return event.Person{Name: strings.TrimRight(rest, " ,;"), Email: w}
	}
	return event.Person{Name: strings.TrimSpace(s)}
}

// unquoted takes a name out of quotes around all of it, which mail wants about a name
// with a comma, and which hg takes off, too.
func unquoted(name string) string {
	inner, open := strings.CutPrefix(name, `"`)
	inner, closed := strings.CutSuffix(inner, `"`)
	if !open || !closed || strings.Contains(strings.ReplaceAll(inner, `\"`, ""), `"`) {
		return name
	}
	return strings.TrimSpace(strings.ReplaceAll(inner, `\"`, `"`))
}

// isAddress reports whether a word can be an address: one @ with something before
// it and behind it.
func isAddress(w string) bool {
	at := strings.LastIndexByte(w, '@')
	return at > 0 && at < len(w)-1 && strings.IndexByte(w, '@') == at && !strings.ContainsAny(w, ":/\"")
}
