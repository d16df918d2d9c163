package webhook

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"busbar/adapters/scm"
	"busbar/common/event"
)

// Parse reads a payload as a push. why says what it is where it is none that
// moved a ref.
//
// Formats: GitLab's push, tag_push and repository_update, as project hooks and
// system hooks; Forgejo's, Gitea's and GitHub's push and delete.
func Parse(forge Forge, kind string, body []byte) (p scm.Push, why string, err error) {
	var b payload
	if err := json.Unmarshal(body, &b); err != nil {
		return p, "", fmt.Errorf("reading a payload of %s: %w", forge, err)
	}
	p = scm.Push{System: "git", Via: "webhook"}
	if forge == GitLab {
		kind = b.EventName
		if kind == "" {
			kind = b.ObjectKind
		}
		p.Repository = b.Project.Path
		p.Pusher = scm.Pusher{Name: b.UserName, Username: b.UserUsername, Email: shown(b.UserEmail)}
		p.Options = b.Options.list()
	} else {
		p.Repository = b.Repository.FullName
		p.Pusher = scm.Pusher{Name: b.Pusher.FullName, Email: shown(b.Pusher.Email), Username: first(b.Pusher.Login, b.Pusher.Username, b.Pusher.Name)}
		if kind == "delete" {
			p.Pusher = scm.Pusher{Name: b.Sender.FullName, Email: shown(b.Sender.Email), Username: first(b.Sender.Login, b.Sender.Username)}
		}
	}
	switch kind {
	case "push", "tag_push":
		if b.Ref == "" {
			return p, "", fmt.Errorf("reading a payload of %s: it names no ref", forge)
		}
		p.Updates = []scm.Update{b.update()}
	case "repository_update":
		for _, c := range b.Changes {
			p.Updates = append(p.Updates, scm.Update{Ref: c.Ref, Old: id(c.Before), New: id(c.After)})
		}
	case "delete": // Forgejo says so, and not what the branch was
		ref := fullName(b.RefType, b.Ref)
		if ref == "" {
			return p, "not a push", nil
		}
		p.Updates = []scm.Update{{Ref: ref}}
	case "":
		return p, "no kind of event", nil
	default:
		return p, "not a push", nil
	}
	if p.Repository == "" {
		return p, "", fmt.Errorf("reading a payload of %s: it names no repository", forge)
	}
	return p, "", nil
}

// payload is the union of what the forges send.
type payload struct {
	ObjectKind   string      `json:"object_kind"`
	EventName    string      `json:"event_name"`
	Ref          string      `json:"ref"`
	RefType      string      `json:"ref_type"`
	Before       string      `json:"before"`
	After        string      `json:"after"`
	Checkout     string      `json:"checkout_sha"` // GitLab: the commit of an annotated tag
	Message      string      `json:"message"`      // and its text
	Forced       bool        `json:"forced"`
	UserName     string      `json:"user_name"`
	UserUsername string      `json:"user_username"`
	UserEmail    string      `json:"user_email"`
	Project      project     `json:"project"`
	Repository   repository  `json:"repository"`
	Pusher       user        `json:"pusher"`
	Sender       user        `json:"sender"`
	Commits      []commit    `json:"commits"`
	Total        *int        `json:"total_commits_count"` // GitLab
	TotalCommits *int        `json:"total_commits"`       // Forgejo
	Changes      []change    `json:"changes"`
	Options      pushOptions `json:"push_options"`
}

type project struct {
	Path string `json:"path_with_namespace"`
}

type repository struct {
	FullName string `json:"full_name"`
}

type user struct {
	Name     string `json:"name"`
	Login    string `json:"login"`
	Username string `json:"username"`
	FullName string `json:"full_name"`
	Email    string `json:"email"`
}

type change struct{ Ref, Before, After string }

type commit struct {
	ID        string   `json:"id"`
	Message   string   `json:"message"`
	Timestamp string   `json:"timestamp"`
	Distinct  *bool    `json:"distinct"` // GitHub: no other branch told it
	Author    user     `json:"author"`
	Committer user     `json:"committer"`
	Added     []string `json:"added"`
	Modified  []string `json:"modified"`
	Removed   []string `json:"removed"`
}

// pushOptions are a list, or an object of objects, as GitLab parses them.
type pushOptions struct{ raw json.RawMessage }

func (o *pushOptions) UnmarshalJSON(raw []byte) error {
	o.raw = append([]byte(nil), raw...)
	return nil
}

func (o pushOptions) list() []string {
	var list []string
	if json.Unmarshal(o.raw, &list) == nil {
		return list
	}
	var parsed map[string]json.RawMessage
	if json.Unmarshal(o.raw, &parsed) == nil && len(parsed) > 0 {
		return []string{string(o.raw)}
	}
	return nil
}

// fullName is a ref's; a forge gives the short one and what it is.
func fullName(kind, name string) string {
	switch {
	case strings.HasPrefix(name, "refs/"):
		return name
	case name != "" && kind == "branch":
		return "refs/heads/" + name
	case name != "" && kind == "tag":
		return "refs/tags/" + name
	}
	return ""
}

func (b payload) update() scm.Update {
	u := scm.Update{Ref: b.Ref, Old: id(b.Before), New: id(b.After), Forced: b.Forced, Total: len(b.Commits)}
	if commit := id(b.Checkout); strings.HasPrefix(b.Ref, "refs/tags/") && commit != "" && u.New != "" && commit != u.New {
		u.Tag = &scm.Tag{Target: commit, Type: "commit"}
		u.Tag.Message, u.Tag.Signed = scm.SplitSignature(b.Message)
	}
	for _, total := range []*int{b.Total, b.TotalCommits} {
		if total != nil {
			u.Total = max(u.Total, min(*total, 1<<31-1))
		}
	}
	for _, c := range b.Commits {
		u.Commits = append(u.Commits, c.commit())
	}
	// Forgejo lists the newest first, the others the oldest.
	if n := len(u.Commits); n > 1 && u.Commits[0].ID == u.New {
		for i := range n / 2 {
			u.Commits[i], u.Commits[n-1-i] = u.Commits[n-1-i], u.Commits[i]
		}
	}
	return u
}

func (c commit) commit() scm.Commit {
	out := scm.Commit{ID: id(c.ID), Message: c.Message, Author: person(c.Author), Committer: person(c.Committer), Known: c.Distinct != nil && !*c.Distinct}
	if t, err := time.Parse(time.RFC3339, c.Timestamp); err == nil {
		out.Committed = t.UTC()
	}
	for _, list := range []struct {
		action string
		paths  []string
	}{{"added", c.Added}, {"modified", c.Modified}, {"removed", c.Removed}} {
		for _, path := range list.paths {
			out.Files = append(out.Files, scm.File{Path: path, Action: list.action})
		}
	}
	out.Changed = len(out.Files)
	return out
}

func person(u user) event.Person {
	return event.Person{Name: first(u.Name, u.FullName, u.Username), Email: shown(u.Email)}
}

// shown is an address, unless the forge hides it.
func shown(address string) string {
	if strings.EqualFold(address, "[REDACTED]") {
		return ""
	}
	return address
}

// id is empty where the forge says zeros, or what is no id.
func id(s string) string {
	if (len(s) != 40 && len(s) != 64) || strings.Trim(s, "0123456789abcdef") != "" || strings.Trim(s, "0") == "" {
		return ""
	}
	return s
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
