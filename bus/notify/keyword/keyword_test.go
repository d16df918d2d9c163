package keyword

import (
	"slices"
	"strings"
	"testing"

	"busbar/bus/kinds"
	"busbar/common/event"
)

// TestEachKindHasOne: a kind that is new has its keyword in the table, at least that of
// its service; and nothing in the table is of no kind.
func TestEachKindHasOne(t *testing.T) {
	used := map[string]bool{}
	for _, k := range kinds.All() {
		found := ""
		for part := k.Topic; found == "" && part != ""; {
			if _, ok := table[part]; ok {
				found = part
			}
			part = part[:max(strings.LastIndexByte(part, '.'), 0)]
		}
		if found == "" {
			t.Errorf("%s has no keyword: add it, or its service, to the table", k.Topic)
		}
		used[found] = true
		if !Known(Of(k.Topic)) {
			t.Errorf("%s has %q, which is not in the list", k.Topic, Of(k.Topic))
		}
	}
	for part, word := range table {
		if !slices.ContainsFunc(kinds.All(), func(k *event.Kind) bool { return k.Topic == part || strings.HasPrefix(k.Topic, part+".") }) {
			t.Errorf("the table has %s, and no kind is so", part)
		}
		if !Known(word) {
			t.Errorf("%s has %q, which is not in the list", part, word)
		}
	}
}

// TestAsTheTracker: what distro-tracker does with the mails of the same events.
func TestAsTheTracker(t *testing.T) {
	for topic, want := range map[string]string{
		"dak.source.accept": "upload-source", "dak.binary.accept": "upload-binary", "dak.override.update": "archive", "dak.package.remove": "archive",
		"debbugs.bug.create": "bts", "debbugs.bug.severity.update": "bts-control", "debbugs.control.process": "bts-control",
		"buildd.log.send": "build", "wannabuild.build.fail": "build", "release.package.warn": "summary", "britney.package.migrate": "summary",
		"scm.commit.create": "vcs", "debbugs.bugzilla": "bts-control", "nobody.knows.this": "default", "": "default",
	} {
		if got := Of(topic); got != want {
			t.Errorf("%s: %s, want %s", topic, got, want)
		}
	}
}
