package scm

import "busbar/common/state"

// Present is what the newest states of refs are made of, whatever the service of their
// topics is.
func Present() state.Projection {
	return state.Projection{
		Kind: "ref", Plural: "refs", Meaning: "each branch, tag, bookmark and other ref of the repositories", Key: "REPOSITORY, a blank, and the ref's full name", Version: 1,
		InSequence: true, Of: presentOf,
		Topics: []string{"*.branch.create", "*.branch.update", "*.branch.delete", "*.tag.create", "*.tag.update", "*.tag.delete", "*.bookmark.update", "*.ref.update"},
		Members: []state.Member{
			{Name: "repository", Doc: "the repository"},
			{Name: "system", Doc: "git, svn or hg"},
			{Name: "ref", Doc: "the full name: refs/heads/main"},
			{Name: "branch", Doc: "of a branch: its short name"},
			{Name: "tag", Doc: "of a tag: its short name"},
			{Name: "bookmark", Doc: "of a bookmark: its name"},
			{Name: "before", Doc: "the id before"},
			{Name: "after", Doc: "the id now"},
			{Name: "person", Doc: "who pushed last, as far as known: name and email"},
			{Name: "time", Doc: "when the last push was received, RFC 3339 in UTC"},
			{Name: "url", Doc: "the ref's page"},
		},
	}
}

func presentOf(_ string, body map[string]any) []state.Change {
	repository, ref := state.Text(body, "repository"), state.Text(body, "ref")
	if repository == "" || ref == "" {
		return nil
	}
	return []state.Change{{Key: repository + " " + ref, Whole: true, Gone: state.Text(body, "after") == "",
		Set: state.Take(map[string]any{}, body, "repository", "system", "ref", "branch", "tag", "bookmark", "before", "after", "person", "time", "url")}}
}
