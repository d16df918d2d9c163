package debbugs

// A Status is a bug as the tracker itself tells it (SOAP: get_status, which
// reads the bug's summary file), in one form whatever the reply's types were:
// text is UTF-8, numbers are numbers, lists are sorted and without doubles, but
// for Packages, which stand as they were written.
// Its JSON form is kept in journals: members are only ever added.
type Status struct {
	Bug       int      `json:"bug"`
	Packages  []string `json:"packages,omitempty"` // what it is filed against: binary packages, src:NAME, pseudo-packages
	Source    string   `json:"source,omitempty"`   // several are separated by blanks; newer debbugs tell none
	Title     string   `json:"title,omitempty"`
	Submitter string   `json:"submitter,omitempty"` // "Name <address>"
	MessageID string   `json:"msgid,omitempty"`     // of the report, without angle brackets
	Date      int64    `json:"date,omitempty"`      // when it was reported, Unix seconds

	Severity   string   `json:"severity,omitempty"`
	Tags       []string `json:"tags,omitempty"`
	Done       string   `json:"done,omitempty"`      // who closed it; empty: open
	Forwarded  string   `json:"forwarded,omitempty"` // whereto; empty: not
	Owner      string   `json:"owner,omitempty"`
	Found      []string `json:"found,omitempty"` // versions, or package/version
	Fixed      []string `json:"fixed,omitempty"`
	Merged     []int    `json:"merged,omitempty"` // the others that are one with it
	Blocks     []int    `json:"blocks,omitempty"`
	BlockedBy  []int    `json:"blockedby,omitempty"`
	Affects    []string `json:"affects,omitempty"`
	Summary    string   `json:"summary,omitempty"`
	Outlook    string   `json:"outlook,omitempty"`
	Archived   bool     `json:"archived,omitempty"`
	Unarchived int64    `json:"unarchived,omitempty"` // when it last was, Unix seconds

	// LogModified moves with each message of the bug's log, LastModified also
	// with changes that leave none. Unix seconds.
	LogModified  int64 `json:"logmod,omitempty"`
	LastModified int64 `json:"lastmod,omitempty"`
}

// An Entry is one message of a bug's log (SOAP: get_bug_log): a mail that
// debbugs received, its trace field first.
type Entry struct {
	Number int    `json:"number"` // its place in the log, from 1; grows, with holes
	Header []byte `json:"header"` // as received, without an encoding of its own
	Body   string `json:"body"`   // the first text part alone, decoded
	Cut    bool   `json:"cut,omitempty"`
	// Sum is the [TextSum] of the whole text, where Body is not all of it.
	Sum string `json:"sum,omitempty"`

	// Lines is the header as people write it, where Header is absent.
	Lines []string `json:"lines,omitempty"`
}

// A Change is what is new about one bug: how it was when it was last told, how
// it is, and the messages that its log got in between, oldest first. After and
// Log must be of one moment: a closing message beside a state that does not
// have it yet would be told as a closing and a reopening.
type Change struct {
	Bug    int     `json:"bug"`
	Before *Status `json:"before"` // nil: it was not known
	After  *Status `json:"after"`  // nil: the tracker knows it no more
	Log    []Entry `json:"log,omitempty"`
	// More says that this is the first part of a long log: the messages are
	// told, and the comparison comes with the last part, whose Before is what
	// [Published] says of this one.
	More bool `json:"more,omitempty"`
	// Said is what other publishers said of the bug since Before, in order: none of
	// that is told again, and what is told is what differs from it.
	Said []Said `json:"said,omitempty"`
}

// A UsertagChange is what is new about one user's tag (SOAP: get_usertag).
type UsertagChange struct {
	User    string `json:"user"`
	Tag     string `json:"tag"`
	Added   []int  `json:"added"`
	Removed []int  `json:"removed"`
	// Serial counts the changes of this tag: the tracker tells no time.
	Serial int64 `json:"serial"`
}
