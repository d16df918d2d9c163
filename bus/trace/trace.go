// Package trace puts what was said about a package in the order in which it happened,
// across all services, and says what followed from what, as far as versions and bug
// numbers prove it.
package trace

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"busbar/common/event"
)

// A Step is one message of a package's life.
type Step struct {
	event.Envelope
	At time.Time // when it happened, as its source says, or when it was published
	// Because is the step that this one followed from, by its place in the list; -1
	// where nothing proves any.
	Because int
	Why     string // what proves it, for people
}

// Questions ask an archive (archive.ParseQuery) for all that Of needs: what names the
// package, and pushes to repositories that bear its name.
func Questions(pkg string) []string {
	return []string{`package:"` + pkg + `"`, `repository:"` + pkg + `"`}
}

// Of orders the messages about a package. Messages that Questions find and that are of
// another package's repository are left out.
func Of(pkg string, messages []event.Envelope) []Step {
	var steps []Step
	seen := map[string]bool{}
	for _, e := range messages {
		if seen[e.MsgID] || old(e) || !about(pkg, e) {
			continue
		}
		seen[e.MsgID] = true
		at := time.Unix(e.Timestamp, 0).UTC()
		if t, err := time.Parse(time.RFC3339, e.EventTime); err == nil {
			at = t.UTC()
		}
		steps = append(steps, Step{Envelope: e, At: at, Because: -1})
	}
	slices.SortStableFunc(steps, func(a, b Step) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(rank(&a), rank(&b)), cmp.Compare(a.Timestamp, b.Timestamp), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.MsgID, b.MsgID))
	})
	var k known
	for i := range steps {
		steps[i].Because, steps[i].Why = k.cause(&steps[i])
		k.note(i, &steps[i])
	}
	return steps
}

// ranks are the order of what happened in one second: causes come first.
var ranks = []string{"scm.", "dak.upload.", "dak.source.", "dak.bug.", "wannabuild.", "buildd.", "dak.", "debbugs.", "britney."}

func rank(s *Step) int {
	kind := bodyOf(s).kind
	if i := slices.IndexFunc(ranks, func(prefix string) bool { return strings.HasPrefix(kind, prefix) }); i >= 0 {
		return i
	}
	return len(ranks)
}

// old says whether a message is a fact once more, as older programs know it.
func old(e event.Envelope) bool {
	return strings.Contains(e.Topic, ".debmessenger.") || strings.Contains(e.Topic, ".debexpo.")
}

// about says whether a message is of the package: it names it, or a repository of its
// name.
func about(pkg string, e event.Envelope) bool {
	a := event.AboutOf(e.Msg)
	return slices.Contains(a.Packages, pkg) || slices.ContainsFunc(a.Repositories, func(r string) bool {
		return strings.TrimSuffix(path.Base(r), ".git") == pkg
	})
}

// A known is what steps until now can be the cause of later ones: the newest step of
// each key.
type known map[string]int

func (k *known) put(i int, key ...string) {
	if *k == nil {
		*k = known{}
	}
	(*k)[strings.Join(key, "\x00")] = i
}

func (k known) get(key ...string) (int, bool) {
	i, ok := k[strings.Join(key, "\x00")]
	return i, ok
}

// note remembers what may follow from a step.
func (k *known) note(i int, s *Step) {
	b := bodyOf(s)
	switch b.kind {
	case "dak.source.accept":
		k.put(i, "source", b.text("version"))
		for _, bug := range event.AboutOf(map[string]any{"closes": b.msg["closes"]}).Bugs {
			k.put(i, "closes", bug)
		}
	case "dak.bug.close":
		for _, bug := range event.AboutOf(s.Msg).Bugs {
			k.put(i, "closes", bug)
		}
	case "dak.upload.queue":
		k.put(i, "queued", b.text("version"))
	case "wannabuild.build.upload":
		k.put(i, "built", b.text("version"), b.text("architecture"))
	case "scm.tag.create":
		tag := path.Base(strings.ReplaceAll(b.text("ref"), "%", ":")) // DEP-14: a tag has % for a version's colon
		k.put(i, "tag", strings.ReplaceAll(tag, "_", "~"))
	}
}

// cause is the step that a step followed from.
func (k known) cause(s *Step) (int, string) {
	b := bodyOf(s)
	version := b.text("version")
	switch {
	case b.kind == "debbugs.bug.close":
		bug, _ := b.msg["bug"].(event.Int)
		if i, ok := k.get("closes", string(bug)); ok {
			return i, fmt.Sprintf("it closes #%s", bug)
		}
	case b.kind == "dak.source.accept":
		if i, ok := k.get("queued", version); ok {
			return i, "it was queued as " + version
		}
		if i, ok := k.get("tag", version); ok {
			return i, "it was tagged as " + version
		}
	case b.kind == "dak.binary.accept":
		for _, a := range event.AboutOf(s.Msg).Architectures {
			if i, ok := k.get("built", version, a); ok {
				return i, "it was built on " + a
			}
		}
		return k.source(cmp.Or(b.text("source_version"), version))
	case b.service == "wannabuild", b.service == "britney", b.service == "buildd", b.kind == "dak.bug.close":
		return k.source(version)
	}
	return -1, ""
}

// source is the acceptance of a version, or of what a binary-only rebuild is of.
func (k known) source(version string) (int, string) {
	source, _, _ := strings.Cut(version, "+b")
	for _, v := range []string{version, source} {
		if i, ok := k.get("source", v); ok && v != "" {
			return i, "it is of " + v
		}
	}
	return -1, ""
}

// A body is what a step says, by the names that adapters use.
type body struct {
	kind, service string
	msg           map[string]any
}

func bodyOf(s *Step) body {
	parts := strings.Split(s.Topic, ".")
	b := body{}
	b.msg, _ = s.Msg.(map[string]any)
	// Prefix and environment are of any length: the kind is what stands at the end.
	for _, service := range []string{"dak", "wannabuild", "debbugs", "britney", "buildd", "scm"} {
		if i := slices.Index(parts, service); i >= 0 {
			b.service, b.kind = service, strings.Join(parts[i:], ".")
			return b
		}
	}
	return b
}

func (b body) text(name string) string { s, _ := b.msg[name].(string); return s }
