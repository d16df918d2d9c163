package scm

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"busbar/common/event"
	"busbar/common/runes"
	"busbar/common/translate"
)

// Links are templates of pages. {repository}, {ref}, {branch}, {tag} and {id}
// stand for what they say, escaped for a URL's path.
type Links struct {
	Commit string
	Branch string
	Tag    string
}

// Bounds on what events carry.
const (
	maxWord    = 500       // bytes
	maxMessage = 16 << 10  // bytes
	maxCommits = 300       // of one update, each an event of its own
	maxFiles   = 200       // of one commit
	maxEvents  = 5000      // of one push
	maxOptions = 50        //
	maxBytes   = 1_500_000 // of all messages and paths of one push
)

// Translator reads pushes. service is the first part of the topics.
func Translator(service string, links Links) translate.Translator[Push] {
	t := translator{define(service), links}
	return translate.Translator[Push]{Name: "scm", Translate: t.translate, Kinds: t.kinds.all(), Why: why}
}

type translator struct {
	kinds kinds
	links Links
}

func why(it translate.Item[Push]) string {
	if p := it.Value.Property; p != nil {
		return "property " + word(p.Name) + " of revision " + word(p.Revision)
	}
	if len(it.Value.Updates) == 0 {
		return "no ref moved"
	}
	return fmt.Sprintf("%d refs moved, the first is %s", len(it.Value.Updates), word(it.Value.Updates[0].Ref))
}

func (t translator) translate(it translate.Item[Push]) ([]event.Event, error) {
	p := it.Value
	switch {
	case p.Repository == "":
		return nil, translate.Poison("the push names no repository")
	case len(p.Repository) > maxName:
		return nil, translate.Poison("the repository's name has %d bytes, more than %d", len(p.Repository), maxName)
	}
	p.Time = ValidTime(p.Time)
	if p.Property != nil {
		return []event.Event{t.property(p)}, nil
	}
	var events []event.Event
	seen := map[string]bool{}
	left := maxBytes
	for _, u := range p.Updates {
		if u.Ref == "" || u.Old == u.New {
			continue
		}
		if e := t.ref(p, u); p.System != "svn" && !u.Apart { // in svn the commit is all
			if seen[e.Key] {
				continue
			}
			seen[e.Key] = true
			events = append(events, e)
		}
		for _, c := range u.Commits[max(0, len(u.Commits)-maxCommits):] {
			key := commitKey(p.Repository, c.ID)
			if c.ID == "" || c.Known || seen[key] || len(events) > maxEvents {
				continue
			}
			seen[key] = true
			events = append(events, event.Event{Kind: t.kinds.commit, Key: key, Time: p.Time, Body: t.commit(p, u, c, &left), Recovered: p.Recovered})
		}
	}
	if len(events) == 0 {
		return nil, translate.Ignore("no ref moved")
	}
	return events, nil
}

// ref is the event of a ref that moved.
func (t translator) ref(p Push, u Update) event.Event {
	b := Ref{
		Repository: name(p.Repository), System: word(p.System), Ref: name(u.Ref), Before: word(u.Old), After: word(u.New),
		Person: event.Person{Name: word(p.Pusher.Name), Email: word(p.Pusher.Email)}, Username: name(p.Pusher.Username),
		Options: []string{}, Via: word(p.Via), Time: stamp(p.Time),
	}
	for _, o := range p.Options[:min(len(p.Options), maxOptions)] {
		b.Options = append(b.Options, word(o))
	}
	e := event.Event{Key: refKey(p.Repository, u), Time: p.Time, Recovered: p.Recovered}
	branch, isBranch := strings.CutPrefix(u.Ref, "refs/heads/")
	tag, isTag := strings.CutPrefix(u.Ref, "refs/tags/")
	switch {
	case isBranch:
		b.Branch = name(branch)
		b.URL = t.link(t.links.Branch, page{repository: p.Repository, ref: u.Ref, branch: branch}, u.New)
		e.Kind, e.Body = t.branch(p, b, u)
	case isTag:
		b.Tag = name(tag)
		b.URL = t.link(t.links.Tag, page{repository: p.Repository, ref: u.Ref, tag: tag}, u.New)
		e.Kind, e.Body = t.tag(b, u)
	case p.System == "hg" && strings.HasPrefix(u.Ref, "refs/bookmarks/"):
		b.Bookmark = name(strings.TrimPrefix(u.Ref, "refs/bookmarks/"))
		e.Kind, e.Body = t.kinds.bookmark, b
	default:
		e.Kind, e.Body = t.kinds.ref, b
	}
	return e
}

func (t translator) branch(p Push, b Ref, u Update) (*event.Kind, any) {
	if u.New == "" {
		return t.kinds.branchDelete, b
	}
	at := page{repository: p.Repository, ref: u.Ref, branch: strings.TrimPrefix(u.Ref, "refs/heads/")}
	m := Moved{Ref: b, Forced: u.Forced, Commits: []Summary{}, TotalCommits: max(u.Total, len(u.Commits)), Missing: word(u.Missing)}
	for _, c := range u.Commits[max(0, len(u.Commits)-maxCommits):] {
		m.Commits = append(m.Commits, Summary{
			ID: word(c.ID), Author: person(c.Author), Time: stamp(c.Authored), Subject: subject(c.Message), URL: t.link(t.links.Commit, at, c.ID),
		})
	}
	m.Truncated = m.TotalCommits > len(m.Commits)
	if u.Old == "" {
		return t.kinds.branchCreate, m
	}
	return t.kinds.branchUpdate, m
}

func (t translator) tag(b Ref, u Update) (*event.Kind, any) {
	if u.New == "" {
		return t.kinds.tagDelete, b
	}
	g := Tagged{Ref: b, Target: word(u.New)}
	if u.Tag != nil {
		g.Annotated, g.Target, g.Tagger, g.TagTime = true, word(u.Tag.Target), person(u.Tag.Tagger), stamp(u.Tag.Time)
		g.Message, _ = cut(u.Tag.Message, maxMessage)
		g.Signed = u.Tag.Signed
	}
	if u.Old == "" {
		return t.kinds.tagCreate, g
	}
	return t.kinds.tagUpdate, g
}

func (t translator) commit(p Push, u Update, c Commit, left *int) Committed {
	b := Committed{
		Repository: name(p.Repository), System: word(p.System), ID: word(c.ID), Parents: []string{}, Merge: c.Merge || len(c.Parents) > 1,
		Author: person(c.Author), Authored: stamp(c.Authored), Committer: person(c.Committer), Committed: stamp(c.Committed),
		Person: event.Person{Name: word(p.Pusher.Name), Email: word(p.Pusher.Email)}, Subject: subject(c.Message), Signed: c.Signed,
		Files: []File{}, Changed: max(c.Changed, len(c.Files)),
	}
	branch, ok := strings.CutPrefix(u.Ref, "refs/heads/")
	if !ok {
		branch = ""
	}
	if c.Branch != "" {
		branch = c.Branch
	}
	b.Branch = name(branch)
	if p.System == "svn" {
		b.Revision, _ = strconv.Atoi(c.ID)
	}
	for _, parent := range c.Parents[:min(len(c.Parents), maxOptions)] {
		b.Parents = append(b.Parents, word(parent))
	}
	b.Message, b.Truncated = cut(c.Message, min(maxMessage, max(*left, 0)))
	*left -= len(b.Message)
	for _, f := range c.Files[:min(len(c.Files), maxFiles)] {
		f = File{Path: name(f.Path), Action: word(f.Action), From: name(f.From)}
		size := len(f.Path) + len(f.From)
		if *left < size {
			break
		}
		*left -= size
		b.Truncated = b.Truncated || max(len(f.Path), len(f.From)) > maxName
		b.Files = append(b.Files, f)
	}
	b.Truncated = b.Truncated || b.Changed > len(b.Files)
	b.URL = t.link(t.links.Commit, page{repository: p.Repository, branch: branch}, c.ID)
	return b
}

func (t translator) property(p Push) event.Event {
	c := p.Property
	b := Changed{
		Repository: name(p.Repository), System: word(p.System), Property: name(c.Name), Action: word(c.Action),
		Person: event.Person{Name: word(p.Pusher.Name), Email: word(p.Pusher.Email)}, Username: name(p.Pusher.Username), Time: stamp(p.Time),
	}
	b.Revision, _ = strconv.Atoi(c.Revision)
	b.Previous, _ = cut(Decode(c.Previous), maxMessage)
	b.Value, _ = cut(Decode(c.Value), maxMessage)
	return event.Event{Kind: t.kinds.property, Key: propertyKey(p.Repository, *c), Time: p.Time, Body: b, Recovered: p.Recovered}
}

// A page is what a template is filled in with, in bytes.
type page struct{ repository, ref, branch, tag string }

// link fills in a template.
func (t translator) link(template string, at page, id string) string {
	if template == "" || id == "" || len(at.ref) > maxName {
		return ""
	}
	path := func(s string) string { return strings.ReplaceAll(url.PathEscape(s), "%2F", "/") }
	return strings.NewReplacer(
		"{repository}", path(at.repository), "{ref}", path(at.ref), "{branch}", path(at.branch), "{tag}", path(at.tag), "{id}", path(word(id)),
	).Replace(template)
}

func person(p event.Person) event.Person {
	return event.Person{Name: word(p.Name), Email: word(p.Email)}
}

func subject(message string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	return word(first)
}

func word(s string) string { s, _ = cut(strings.Join(strings.Fields(s), " "), maxWord); return s }

func cut(s string, most int) (string, bool) { return runes.Cut(Decode(s), most) }

// Decode reads bytes that should be UTF-8; what is not is read as Latin-1, so
// that nothing is lost and everybody sees what it was.
func Decode(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}
