package scm

import "busbar/common/event"

// A Ref is what every event about a ref tells.
type Ref struct {
	Repository string       `json:"repository" doc:"the repository, as the world knows it"`
	System     string       `json:"system" doc:"git, svn or hg"`
	Ref        string       `json:"ref" doc:"the full name: refs/heads/main"`
	Branch     string       `json:"branch,omitempty" doc:"the branch's short name"`
	Tag        string       `json:"tag,omitempty" doc:"the tag's short name"`
	Bookmark   string       `json:"bookmark,omitempty" doc:"the bookmark's name"`
	Before     string       `json:"before,omitempty" doc:"id before; absent when the ref is new"`
	After      string       `json:"after,omitempty" doc:"id now; absent when the ref was deleted"`
	Person     event.Person `json:"person" doc:"who pushed, as far as known"`
	Username   string       `json:"username,omitempty" doc:"the account that pushed"`
	Options    []string     `json:"options" doc:"push options, at most 50"`
	Via        string       `json:"via" doc:"how it was noticed: hook, webhook, mail, or reconcile (by comparing refs)"`
	Time       string       `json:"time,omitempty" doc:"when the push was received, RFC 3339 in UTC"`
	URL        string       `json:"url,omitempty" doc:"the ref's page, where the configuration has a template"`
}

// Moved is the body of branch.create and branch.update.
type Moved struct {
	Ref
	Forced       bool      `json:"forced" doc:"the branch no longer holds what it held before"`
	Commits      []Summary `json:"commits" doc:"the commits that came with it, oldest first; of many, the newest"`
	TotalCommits int       `json:"total_commits" doc:"how many came with it"`
	Truncated    bool      `json:"truncated" doc:"not all commits are in the list; before and after name the range"`
	Missing      string    `json:"missing,omitempty" doc:"why the commits cannot be told"`
}

// A Summary is a commit in a list.
type Summary struct {
	ID      string       `json:"id" doc:"the commit"`
	Author  event.Person `json:"author" doc:"who wrote it"`
	Time    string       `json:"time,omitempty" doc:"when it was written, RFC 3339 in UTC"`
	Subject string       `json:"subject" doc:"the first line of the message"`
	URL     string       `json:"url,omitempty" doc:"the commit's page"`
}

// Tagged is the body of tag.create and tag.update.
type Tagged struct {
	Ref
	Annotated bool         `json:"annotated" doc:"the tag is an object of its own"`
	Target    string       `json:"target" doc:"what it names"`
	Tagger    event.Person `json:"tagger" doc:"who made it, of an annotated tag"`
	TagTime   string       `json:"tag_time,omitempty" doc:"when it was made, RFC 3339 in UTC"`
	Message   string       `json:"message" doc:"of an annotated tag, at most 16 KiB"`
	Signed    bool         `json:"signed" doc:"it bears a signature; claimed, not verified"`
}

// Committed is the body of commit.create.
type Committed struct {
	Repository string       `json:"repository" doc:"the repository, as the world knows it"`
	System     string       `json:"system" doc:"git, svn or hg"`
	ID         string       `json:"id" doc:"the commit"`
	Revision   int          `json:"revision,omitempty" doc:"svn: the number"`
	Branch     string       `json:"branch,omitempty" doc:"the branch that it came with first"`
	Parents    []string     `json:"parents" doc:"its parents"`
	Merge      bool         `json:"merge" doc:"it has several parents"`
	Author     event.Person `json:"author" doc:"who wrote it"`
	Authored   string       `json:"authored,omitempty" doc:"when it was written, RFC 3339 in UTC"`
	Committer  event.Person `json:"committer" doc:"who put it there"`
	Committed  string       `json:"committed,omitempty" doc:"when, RFC 3339 in UTC"`
	Person     event.Person `json:"person" doc:"who pushed it, as far as known"`
	Subject    string       `json:"subject" doc:"the first line of the message"`
	Message    string       `json:"message" doc:"the whole message, at most 16 KiB"`
	Signed     bool         `json:"signed" doc:"it bears a signature; claimed, not verified"`
	Files      []File       `json:"files" doc:"the files that it changed against its first parent, at most 200"`
	Changed    int          `json:"changed" doc:"how many files it changed"`
	Truncated  bool         `json:"truncated" doc:"message or files were cut"`
	URL        string       `json:"url,omitempty" doc:"the commit's page"`
}

// Changed is the body of property.update.
type Changed struct {
	Repository string       `json:"repository" doc:"the repository, as the world knows it"`
	System     string       `json:"system" doc:"svn"`
	Revision   int          `json:"revision" doc:"the number"`
	Property   string       `json:"property" doc:"such as svn:log"`
	Action     string       `json:"action" doc:"added, modified or removed"`
	Previous   string       `json:"previous" doc:"the value before, at most 16 KiB"`
	Value      string       `json:"value" doc:"the value when it was asked for, at most 16 KiB"`
	Person     event.Person `json:"person" doc:"who changed it"`
	Username   string       `json:"username,omitempty" doc:"the account that changed it"`
	Time       string       `json:"time,omitempty" doc:"when the hook was called, RFC 3339 in UTC"`
}
