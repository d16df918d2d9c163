package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/adapters/scm"
	"busbar/common/event"
	"busbar/scmhook/text"
)

// Parse reads a payload as a push. why says what it is where it is none that
// moved a ref.
//
// Formats: GitLab's push, tag_push and repository_update, as project hooks and
// system hooks; Forgejo's, Gitea's and GitHub's push and delete.
func Parse(forge Forge, kind string, body []byte) (p scm.Push, why string, err error) {
	p, why, err = parse(forge, kind, body)
	if err != nil {
		return scm.Push{}, "", fmt.Errorf("reading a payload of %s: %w", forge, err)
	}
	return p, why, nil
}

func parse(forge Forge, kind string, body []byte) (p scm.Push, why string, err error) {
	if forge == GitLab {
		var says kinds
		if err := json.Unmarshal(body, &says); err != nil {
			return p, "", err
		}
		if kind, err = kindOf(first(says.EventName, says.ObjectKind), kind); err != nil {
			return p, "", err
		}
	}
	switch kind { // others have members of these names and other types
	case "push", "tag_push", "repository_update", "delete":
	default:
		return p, "not a push", nil
	}
	var b payload
	if err := json.Unmarshal(body, &b); err != nil {
		return p, "", err
	}
	p = scm.Push{System: "git", Via: "webhook"}
	if forge == GitLab {
		p.Repository = string(b.Project.Path)
		p.Pusher = scm.Pusher{Name: string(b.UserName), Username: string(b.UserUsername), Email: shown(b.UserEmail)}
		p.Options = b.Options.list()
	} else {
		p.Repository = string(b.Repository.FullName)
		p.Pusher = scm.Pusher{Name: string(b.Pusher.FullName), Email: shown(b.Pusher.Email), Username: first(b.Pusher.Login, b.Pusher.Username, b.Pusher.Name)}
		if kind == "delete" {
			p.Pusher = scm.Pusher{Name: string(b.Sender.FullName), Email: shown(b.Sender.Email), Username: first(b.Sender.Login, b.Sender.Username)}
		}
	}
	switch kind {
	case "push", "tag_push":
		u, err := b.update()
		if err != nil {
			return p, "", err
		}
		p.Updates = []scm.Update{u}
	case "repository_update":
		for _, c := range b.Changes {
			u, err := c.update()
			if err != nil {
				return p, "", err
			}
			p.Updates = append(p.Updates, u)
		}
	case "delete": // Forgejo says so, and not what the branch was
		ref := fullName(string(b.RefType), string(b.Ref))
		if ref == "" && b.Ref != "" && b.RefType != "" {
			return p, "not a push", nil
		}
		if ref == "" {
			return p, "", errors.New("it names no ref")
		}
		p.Updates = []scm.Update{{Ref: ref}}
	}
	if p.Repository == "" {
		return p, "", errors.New("it names no repository")
	}
	return p, "", nil
}

// kinds are where GitLab says what it sends.
type kinds struct {
	EventName  text.String `json:"event_name"`
	ObjectKind text.String `json:"object_kind"`
}

// kindOf is what GitLab sends: its payload says it, and the header in other
// words.
func kindOf(said, header string) (string, error) {
	switch {
	case said != "":
		return said, nil
	case header == "Push Hook":
		return "push", nil
	case header == "Tag Push Hook":
		return "tag_push", nil
	}
	return "", errors.New("it does not say what kind of event it is")
}

// payload is the union of what the forges send.
type payload struct {
	Ref          text.String `json:"ref"`
	RefType      text.String `json:"ref_type"`
	Before       id          `json:"before"`
	After        id          `json:"after"`
	Checkout     id          `json:"checkout_sha"` // GitLab: the commit of an annotated tag
	Message      text.String `json:"message"`      // and its text
	Forced       bool        `json:"forced"`
	Created      bool        `json:"created"` // GitHub
	Deleted      bool        `json:"deleted"`
	UserName     text.String `json:"user_name"`
	UserUsername text.String `json:"user_username"`
	UserEmail    text.String `json:"user_email"`
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
	Path text.String `json:"path_with_namespace"`
}

type repository struct {
	FullName text.String `json:"full_name"`
}

type user struct {
	Name     text.String `json:"name"`
	Login    text.String `json:"login"`
	Username text.String `json:"username"`
	FullName text.String `json:"full_name"`
	Email    text.String `json:"email"`
}

type change struct {
	Ref    text.String `json:"ref"`
	Before id          `json:"before"`
	After  id          `json:"after"`
}

func (c change) update() (scm.Update, error) {
	if err := isRef(string(c.Ref)); err != nil {
		return scm.Update{}, err
	}
	old, new, err := ends(c.Before, c.After, false, false)
	return scm.Update{Ref: string(c.Ref), Old: old, New: new}, err
}

type commit struct {
	ID        id            `json:"id"`
	Message   text.String   `json:"message"`
	Timestamp text.String   `json:"timestamp"`
	Distinct  *bool         `json:"distinct"` // GitHub: no other branch told it
	Author    user          `json:"author"`
	Committer user          `json:"committer"`
	Added     []text.String `json:"added"`
	Modified  []text.String `json:"modified"`
	Removed   []text.String `json:"removed"`
}

// pushOptions are a list, or an object of objects, as GitLab parses them.
type pushOptions struct{ raw json.RawMessage }

func (o *pushOptions) UnmarshalJSON(raw []byte) error {
	o.raw = append([]byte(nil), raw...)
	return nil
}

func (o pushOptions) list() []string {
	var options []text.String
	if json.Unmarshal(o.raw, &options) == nil {
		list := make([]string, len(options))
		for i, option := range options {
			list[i] = string(option)
		}
		return list
	}
	var parsed map[string]json.RawMessage
	if json.Unmarshal(o.raw, &parsed) == nil && len(parsed) > 0 {
		return []string{string(o.raw)}
	}
	return nil
}

// isRef refuses what no ref is called: the forges give full names here.
func isRef(name string) error {
	switch {
	case name == "":
		return errors.New("it names no ref")
	case !strings.HasPrefix(name, "refs/") || strings.HasSuffix(name, "/") || strings.ContainsRune(name, 0):
		return fmt.Errorf("%.100q is no ref's full name", name)
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

func (b payload) update() (scm.Update, error) {
	if err := isRef(string(b.Ref)); err != nil {
		return scm.Update{}, err
	}
	old, new, err := ends(b.Before, b.After, b.Created, b.Deleted)
	if err != nil {
		return scm.Update{}, err
	}
	u := scm.Update{Ref: string(b.Ref), Old: old, New: new, Forced: b.Forced, Total: len(b.Commits)}
	commit, err := b.Checkout.side("checkout_sha", true)
	if err != nil {
		return u, err
	}
	if strings.HasPrefix(u.Ref, "refs/tags/") && commit != "" && u.New != "" && commit != u.New {
		u.Tag = &scm.Tag{Target: commit, Type: "commit"}
		u.Tag.Message, u.Tag.Signed = scm.SplitSignature(string(b.Message))
	}
	for _, total := range []*int{b.Total, b.TotalCommits} {
		if total != nil {
			u.Total = max(u.Total, min(*total, 1<<31-1))
		}
	}
	for _, c := range b.Commits {
		out, err := c.commit()
		if err != nil {
			return u, err
		}
		u.Commits = append(u.Commits, out)
	}
	// Forgejo lists the newest first, the others the oldest.
	if n := len(u.Commits); n > 1 && u.Commits[0].ID == u.New {
		slices.Reverse(u.Commits)
	}
	return u, nil
}

func (c commit) commit() (scm.Commit, error) {
	name, err := c.ID.side("a commit's id", false)
	if err == nil && name == "" {
		err = errors.New("a commit's id is zeros")
	}
	out := scm.Commit{ID: name, Message: string(c.Message), Author: person(c.Author), Committer: person(c.Committer), Known: c.Distinct != nil && !*c.Distinct}
	if t, err := time.Parse(time.RFC3339, string(c.Timestamp)); err == nil {
		out.Committed = scm.ValidTime(t)
	}
	for _, list := range []struct {
		action string
		paths  []text.String
	}{{"added", c.Added}, {"modified", c.Modified}, {"removed", c.Removed}} {
		for _, path := range list.paths {
			out.Files = append(out.Files, scm.File{Path: string(path), Action: list.action})
		}
	}
	out.Changed = len(out.Files)
	return out, err
}

func person(u user) event.Person {
	return event.Person{Name: first(u.Name, u.FullName, u.Username), Email: shown(u.Email)}
}

// shown is an address, unless the forge hides it.
func shown(address text.String) string {
	if strings.EqualFold(string(address), "[REDACTED]") {
		return ""
	}
	return string(address)
}

func first[T ~string](values ...T) string {
	for _, v := range values {
		if v != "" {
			return string(v)
		}
	}
	return ""
}
