package debbugs

import "busbar/common/event"

// Reopened is the body of debbugs.bug.reopen.
type Reopened struct {
	Bug
	DoneBy event.Person `json:"done_by" doc:"who had closed it"`
}

// Unforwarded is the body of debbugs.bug.unforward.
type Unforwarded struct {
	Bug
	From string `json:"from" doc:"where it was forwarded to before"`
}

// SeverityUpdated is the body of debbugs.bug.severity.update.
type SeverityUpdated struct {
	Bug
	Previous string `json:"previous" doc:"the severity before; empty if that is not told"`
}

// TitleUpdated is the body of debbugs.bug.title.update.
type TitleUpdated struct {
	Bug
	Previous string `json:"previous" doc:"the title before"`
}

// NamesUpdated is the body of debbugs.bug.tag.update, .fixed.update and
// .affect.update.
type NamesUpdated struct {
	Bug
	Added   []string `json:"added" doc:"what it has now and had not, at most 1000"`
	Removed []string `json:"removed" doc:"what it had and has no more, at most 1000"`
}

// FoundUpdated is the body of debbugs.bug.found.update.
type FoundUpdated struct {
	Bug
	Added    []string `json:"added" doc:"versions, or source/version, that it is now known to be in, at most 1000"`
	Removed  []string `json:"removed" doc:"versions that it is no more said to be in, at most 1000"`
	Reopened bool     `json:"reopened" doc:"it was closed before, and is not now"`
}

// PackageUpdated is the body of debbugs.bug.package.update.
type PackageUpdated struct {
	Bug
	From []string `json:"from" doc:"what it was filed against"`
	To   []string `json:"to" doc:"what it is filed against now"`
}

// SubmitterUpdated is the body of debbugs.bug.submitter.update.
type SubmitterUpdated struct {
	Bug
	From event.Person `json:"from" doc:"the submitter before"`
	To   event.Person `json:"to" doc:"the submitter now"`
}

// OwnerUpdated is the body of debbugs.bug.owner.update.
type OwnerUpdated struct {
	Bug
	Owner    *event.Person `json:"owner,omitempty" doc:"who takes care of it now; absent: nobody"`
	Previous *event.Person `json:"previous,omitempty" doc:"who did before; absent: nobody"`
}

// BlockUpdated is the body of debbugs.bug.block.update.
type BlockUpdated struct {
	Bug
	Added           []int `json:"added" doc:"bugs that block this one now, at most 1000"`
	Removed         []int `json:"removed" doc:"bugs that do so no more, at most 1000"`
	BlockingAdded   []int `json:"blocking_added" doc:"bugs that this one blocks now, at most 1000"`
	BlockingRemoved []int `json:"blocking_removed" doc:"bugs that it blocks no more, at most 1000"`
}

// Bugs is the body of debbugs.bug.merge and .unmerge.
type Bugs struct {
	Bug
	Bugs []int `json:"bugs" doc:"in a merge, all that are one with it now; in an unmerge, those that no more are; at most 1000"`
}

// Cloned is the body of debbugs.bug.clone.
type Cloned struct {
	Bug
	Clones []int `json:"clones" doc:"the new bugs that are copies of it"`
}

// Archived is the body of debbugs.bug.archive and .unarchive.
type Archived struct {
	Bug
	Automatic bool `json:"automatic" doc:"no mail is known to have asked for it"`
}

// TextUpdated is the body of debbugs.bug.summary.update and .outlook.update.
type TextUpdated struct {
	Bug
	Text      string `json:"text" doc:"the text now, at most 4 KiB"`
	Previous  string `json:"previous" doc:"the text before, at most 4 KiB"`
	Removed   bool   `json:"removed" doc:"there is none any more"`
	Truncated bool   `json:"truncated" doc:"a text was cut"`

	MessageNumber int `json:"message_number,omitempty" doc:"which message of the bug's log has the text; then, and where only the answer to a command is known, the text itself may be missing"`
}

// Deleted is the body of debbugs.bug.delete: what was last known.
type Deleted struct {
	Bug
	Submitter event.Person `json:"submitter" doc:"who reported it"`
	Done      string       `json:"done,omitempty" doc:"who had closed it"`
	Forwarded string       `json:"forwarded,omitempty" doc:"where it was forwarded to"`
	Owner     string       `json:"owner,omitempty" doc:"who took care of it"`
	Archived  bool         `json:"archived" doc:"it was archived"`
}

// UsertagUpdated is the body of debbugs.usertag.update.
type UsertagUpdated struct {
	User    string `json:"user" doc:"whose tag it is, an address"`
	Tag     string `json:"tag" doc:"the tag"`
	Added   []int  `json:"added" doc:"bugs that have it now"`
	Removed []int  `json:"removed" doc:"bugs that have it no more; with added, at most 1000"`
	Part    int    `json:"part" doc:"which part of the change this is, from 1"`
	Parts   int    `json:"parts" doc:"how many parts the change has"`
	URL     string `json:"url" doc:"the page of the bugs that have the tag"`
}
