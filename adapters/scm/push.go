// Package scm translates pushes into events: refs that moved, and the commits
// that came with them.
//
// A push may be reported by a hook, a webhook or a commit mail, or be found by
// comparing refs; it is the same fact with the same id. An event of a ref is named
// by repository, ref, and both ids; one of a commit by repository and id, so that
// a commit is published once, whatever branches come to hold it.
//
// Not here: asking a repository (scmhook/git), and deciding what is news
// (scmhook/refs).
package scm

import (
	"encoding/json"
	"fmt"
	"time"

	"busbar/common/event"
)

// A Push is what one channel told about a repository.
type Push struct {
	Repository string   `json:"repository"` // as the world knows it: group/project; bytes, as all names here
	System     string   `json:"system"`     // git, svn, hg
	Pusher     Pusher   `json:"pusher"`
	Options    []string `json:"options,omitempty"` // push options, in their order
	// Time is when the push was received; zero where nobody knows.
	Time      time.Time `json:"time"`
	Via       string    `json:"via"` // hook, reconcile, webhook, mail
	Updates   []Update  `json:"updates"`
	Property  *Property `json:"property,omitempty"`  // of an svn revision; then there are no updates
	Recovered bool      `json:"recovered,omitempty"` // no hook told
}

// ParsePush reads a push from JSON, for explaining and for fixtures.
func ParsePush(text []byte) (Push, error) {
	var p Push
	if err := json.Unmarshal(text, &p); err != nil {
		return Push{}, fmt.Errorf("reading a push: %w", err)
	}
	return p, nil
}

// A Pusher is who pushed, as far as the channel knows.
type Pusher struct {
	Name     string `json:"name" doc:"full name"`
	Email    string `json:"email" doc:"address"`
	Username string `json:"username" doc:"account"`
}

// An Update is one ref that moved. An id is empty where the ref is not there.
type Update struct {
	Ref string `json:"ref"` // refs/heads/…, bytes as they came
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
	Nth int    `json:"nth,omitempty"` // how often this very update was published before
	// Apart says that only the commits are published: how the ref moved is told apart.
	Apart bool `json:"apart,omitempty"`
	// Forced says that Old is no ancestor of New.
	Forced bool `json:"forced,omitempty"`
	// Commits are those that came with the update, oldest first; of many, the
	// newest. Total counts all.
	Commits []Commit `json:"commits,omitempty"`
	Total   int      `json:"total,omitempty"`
	Tag     *Tag     `json:"tag,omitempty"` // an annotated tag's object
	// Missing says why the commits are not published: the objects are gone.
	Missing string `json:"missing,omitempty"`
}

// A Commit is one commit.
type Commit struct {
	ID        string       `json:"id"`
	Parents   []string     `json:"parents,omitempty"`
	Merge     bool         `json:"merge,omitempty"`  // it has several parents, also where their ids are not known
	Branch    string       `json:"branch,omitempty"` // where the commit itself names one
	Author    event.Person `json:"author"`
	Authored  time.Time    `json:"authored"`
	Committer event.Person `json:"committer"`
	Committed time.Time    `json:"committed"`
	Message   string       `json:"message"`
	Known     bool         `json:"known,omitempty"`  // it was published before, with another ref
	Signed    bool         `json:"signed,omitempty"` // it bears a signature, which nobody verified
	Files     []File       `json:"files,omitempty"`  // at most as many as the channel reads
	Changed   int          `json:"changed,omitempty"`
}

// A Property is a property of an svn revision that was changed afterwards. svn
// keeps no history of them: one is reported by its hook or not at all.
type Property struct {
	Revision string `json:"revision"`
	Name     string `json:"name"`
	Action   string `json:"action"` // added, modified, removed
	Previous string `json:"previous,omitempty"`
	Value    string `json:"value,omitempty"` // as it is now
	Call     string `json:"call"`            // of the hook: what tells two changes apart
}

// A File is one file that a commit changed.
type File struct {
	Path   string `json:"path" doc:"the path as it is; bytes that are not UTF-8 are escaped"`
	Action string `json:"action" doc:"added, modified, removed, renamed or copied"`
	From   string `json:"from,omitempty" doc:"the path before, of one renamed or copied"`
}

// A Tag is the object of an annotated tag.
type Tag struct {
	Target  string       `json:"target"` // id of what it names
	Type    string       `json:"type"`   // commit, tree, blob, tag
	Tagger  event.Person `json:"tagger"`
	Time    time.Time    `json:"time"`
	Message string       `json:"message"`
	Signed  bool         `json:"signed,omitempty"`
}
