package debbugs

import "busbar/common/event"

// A Bug is what every event about a bug tells.
type Bug struct {
	Bug       int          `json:"bug" doc:"the bug's number"`
	Package   string       `json:"package" doc:"the source package if debbugs knows it and the bug is filed against one name, else the first of the names"`
	Packages  []string     `json:"packages" doc:"all names that the bug is filed against, as debbugs writes them: binary packages, src:NAME, pseudo-packages"`
	Source    string       `json:"source,omitempty" doc:"the source package as debbugs tells it; several are separated by blanks; absent if it is unknown"`
	Title     string       `json:"title" doc:"the bug's title; in a comment, the subject of the mail"`
	Severity  string       `json:"severity,omitempty" doc:"in a report, what it asks for, if it is a valid severity; where states were compared, the severity now; absent means debbugs's default"`
	Found     []string     `json:"found,omitempty" doc:"versions that the bug is known to be in, as far as they are told, at most 1000"`
	Fixed     []string     `json:"fixed,omitempty" doc:"versions that it is known to be fixed in, as far as they are told, at most 1000"`
	Tags      []string     `json:"tags,omitzero" doc:"the bug's tags at that time; absent where that is not told, as in answers to commands"`
	Person    event.Person `json:"person" doc:"who did it: the sender of the mail to debbugs; empty where no mail is known to have done it"`
	MessageID string       `json:"message_id" doc:"Message-ID of the mail that did it, without angle brackets, \\xHH for bytes that are no text; for a mail without one sha256: and a digest of what the tracker tells of it; empty where no mail is known to have done it"`
	Time      string       `json:"time,omitempty" doc:"when debbugs received that mail; where states were compared, when the bug's log was last changed; RFC 3339 in UTC"`
	URL       string       `json:"url" doc:"the bug's page"`
}

// An Attachment is a part of a mail that is not its text. The content is not
// on the bus.
type Attachment struct {
	Name string `json:"name" doc:"file name, never a path; may be empty"`
	Type string `json:"type" doc:"media type"`
	Size int64  `json:"size" doc:"bytes, without transfer encoding"`

	Patch bool `json:"patch" doc:"it is a patch, by its type or name; it may be compressed"`
}

// A Message is the text of the mail that made an event.
type Message struct {
	Body        string       `json:"body" doc:"the mail's readable text, at most 64 KiB"`
	Truncated   bool         `json:"truncated" doc:"body was cut"`
	Omitted     int64        `json:"omitted,omitempty" doc:"how many bytes of the text were left out of body"`
	Patch       bool         `json:"patch" doc:"the text itself holds a patch (a unified diff)"`
	Attachments []Attachment `json:"attachments" doc:"what else the mail holds, at most 100"`

	MoreAttachments int `json:"more_attachments,omitempty" doc:"how many more attachments the mail holds"`
}

// Created is the body of debbugs.bug.create.
type Created struct {
	Bug
	Version   string `json:"version,omitempty" doc:"the version in which the bug was found, if the report names a valid one"`
	Quiet     bool   `json:"quiet" doc:"sent to quiet@: recorded, not sent on to maintainers or lists"`
	Maintonly bool   `json:"maintonly" doc:"sent to maintonly@: not sent on to lists"`
	Message
}

// Commented is the body of debbugs.bug.comment.
type Commented struct {
	Bug
	ToSubmitter bool `json:"to_submitter" doc:"sent to N-submitter@: a question to the submitter"`
	Quiet       bool `json:"quiet" doc:"sent to N-quiet@: recorded, not sent on to maintainers or lists"`
	Maintonly   bool `json:"maintonly" doc:"sent to N-maintonly@: not sent on to lists"`
	Message
}

// Closed is the body of debbugs.bug.close.
type Closed struct {
	Bug
	Version       string       `json:"version,omitempty" doc:"the version in which the bug is fixed (pseudo-header Version or Source-Version)"`
	SourceVersion string       `json:"source_version,omitempty" doc:"the same, if it was said of the source package (Source-Version)"`
	ByUpload      bool         `json:"by_upload" doc:"the archive closed it, when an upload that fixes it was accepted"`
	DoneBy        event.Person `json:"done_by" doc:"whose work it is: the pseudo-header Done, else the sender"`
	Message
}

// Forwarded is the body of debbugs.bug.forward.
type Forwarded struct {
	Bug
	To   string `json:"to" doc:"where to, as debbugs records it: the To field of the mail that did it, an address or a URL; empty where that names debbugs itself"`
	From string `json:"from,omitempty" doc:"where it was forwarded to before; only where states were compared"`
	Message
}

// Debmessenger is the body of the old topics debmessenger.bug.*: what their
// consumers know, with the members' old names.
type Debmessenger struct {
	From    string   `json:"from" doc:"From, decoded"`
	Source  string   `json:"source" doc:"X-Debian-PR-Source; empty if debbugs does not know it"`
	Package string   `json:"package" doc:"X-Debian-PR-Package"`
	Tags    []string `json:"tags" doc:"X-Debian-PR-Keywords"`
	Type    string   `json:"type" doc:"report, followup or closed"`
	Nb      string   `json:"nb" doc:"the bug's number, as text"`
	Title   string   `json:"title" doc:"Subject, decoded"`
	Content string   `json:"content" doc:"the mail's text, decoded, at most 64 KiB"`
	Patches []string `json:"patches" doc:"text of the parts of type text/x-diff or text/x-patch, if the bug is tagged patch; at most 64 KiB in all"`
}
