package scm

import (
	"fmt"

	"busbar/common/event"
)

// DefaultService is the first part of the topics where the configuration names
// no other.
const DefaultService = "scm"

// kinds are those of one service.
type kinds struct {
	branchCreate, branchUpdate, branchDelete, tagCreate, tagUpdate, tagDelete, commit, ref, bookmark, property *event.Kind
}

func define(service string) kinds {
	moved := func(topic, meaning, verb string) *event.Kind {
		return event.Define(service+topic, meaning, func(b Moved) string { return b.sentence(verb) }, func(b Moved) string { return b.URL })
	}
	tagged := func(topic, meaning, verb string) *event.Kind {
		return event.Define(service+topic, meaning,
			func(b Tagged) string {
				return b.who() + " " + verb + " tag " + word(b.Tag) + " of " + word(b.Repository)
			}, func(b Tagged) string { return b.URL })
	}
	gone := func(topic, meaning string, what func(Ref) string) *event.Kind {
		return event.Define(service+topic, meaning,
			func(b Ref) string { return b.who() + " " + what(b) + " of " + word(b.Repository) }, func(b Ref) string { return b.URL })
	}
	return kinds{
		branchCreate: moved(".branch.create", "a branch is new", "created"),
		branchUpdate: moved(".branch.update", "a branch moved", "pushed to"),
		branchDelete: gone(".branch.delete", "a branch was deleted", func(b Ref) string { return "deleted branch " + word(b.Branch) }),
		tagCreate:    tagged(".tag.create", "a tag is new", "made"),
		tagUpdate:    tagged(".tag.update", "a tag was moved", "moved"),
		tagDelete:    gone(".tag.delete", "a tag was deleted", func(b Ref) string { return "deleted tag " + word(b.Tag) }),
		commit: event.Define(service+".commit.create", "a repository holds a new commit",
			func(b Committed) string {
				return b.Author.Short() + " committed to " + word(b.Repository) + ": " + b.Subject
			},
			func(b Committed) string { return b.URL }),
		bookmark: gone(".bookmark.update", "a bookmark was made, moved or deleted", func(b Ref) string { return "moved bookmark " + word(b.Bookmark) }),
		property: event.Define(service+".property.update", "a property of a revision was changed afterwards",
			func(b Changed) string {
				return fmt.Sprintf("%s changed %s of r%d of %s", Ref{Person: b.Person, Username: b.Username}.who(), word(b.Property), b.Revision, word(b.Repository))
			}, nil),
		ref: gone(".ref.update", "another ref moved: notes, merge requests, …", func(b Ref) string { return "moved " + word(b.Ref) }),
	}
}

func (k kinds) all() event.Catalog {
	return event.Catalog{k.branchCreate, k.branchUpdate, k.branchDelete, k.tagCreate, k.tagUpdate, k.tagDelete, k.commit, k.ref, k.bookmark, k.property}
}

// mailed are those that commit mails tell.
func (k kinds) mailed() event.Catalog {
	return event.Catalog{k.branchCreate, k.branchUpdate, k.branchDelete, k.tagCreate, k.tagUpdate, k.tagDelete, k.commit, k.ref}
}

// Kinds is every kind of a service, such as "scm" or "salsa".
func Kinds(service string) event.Catalog { return define(service).all() }

// who pushed, in a sentence.
func (b Ref) who() string {
	if b.Person.Name == "" && b.Username != "" {
		return word(b.Username)
	}
	return b.Person.Short()
}

func (b Moved) sentence(verb string) string {
	s := b.who() + " " + verb + " branch " + word(b.Branch) + " of " + word(b.Repository)
	switch {
	case b.TotalCommits == 1:
		s += ", 1 commit"
	case b.TotalCommits > 1:
		s += fmt.Sprintf(", %d commits", b.TotalCommits)
	}
	if b.Forced {
		s += ", by force"
	}
	if n := len(b.Commits); n > 0 {
		s += ": " + b.Commits[n-1].Subject
	}
	return s
}
