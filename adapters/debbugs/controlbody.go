package debbugs

import (
	"strings"

	"busbar/common/event"
)

// Failed is the body of debbugs.control.fail.
type Failed struct {
	Bug       int          `json:"bug,omitempty" doc:"the bug that the command names; absent if it names none"`
	Command   string       `json:"command" doc:"the command as the tracker read it; empty where a mail had none at all, or all of it was refused"`
	Reason    string       `json:"reason" doc:"what the tracker answered, at most 2000 bytes"`
	Person    event.Person `json:"person" doc:"who sent it"`
	MessageID string       `json:"message_id" doc:"Message-ID of the mail that had the command, without angle brackets"`
	Time      string       `json:"time,omitempty" doc:"when the tracker answered; RFC 3339 in UTC"`
	URL       string       `json:"url,omitempty" doc:"the bug's page"`
}

// Processed is the body of debbugs.control.process.
type Processed struct {
	Requester event.Person `json:"requester" doc:"who sent the commands"`
	Commands  []Command    `json:"commands" doc:"each command with its answer, at most 1000 and 64 KiB of text"`
	Changes   int          `json:"changes" doc:"how many changes the commands made; each is an event of its own"`
	Errors    int          `json:"errors" doc:"how many commands failed; each is an event of its own"`
	Truncated bool         `json:"truncated" doc:"commands were left out"`
	MessageID string       `json:"message_id" doc:"Message-ID of the mail that had the commands, without angle brackets"`
	Time      string       `json:"time,omitempty" doc:"when the tracker answered; RFC 3339 in UTC"`
}

// A Command is one line of a mail to the tracker, and what came of it.
type Command struct {
	Text    string   `json:"text" doc:"the command as the tracker read it"`
	Bugs    []int    `json:"bugs" doc:"the bugs that the answer is about"`
	Results []string `json:"results" doc:"the lines of the answer, but for those that show the bugs"`
	Error   bool     `json:"error" doc:"it failed, or a part of it did"`
}

// UsercategoryUpdated is the body of debbugs.usercategory.update.
type UsercategoryUpdated struct {
	User    string `json:"user" doc:"whose category it is, an address"`
	Name    string `json:"name" doc:"the category"`
	Hidden  bool   `json:"hidden" doc:"it is not shown on the user's pages of its own accord"`
	Removed bool   `json:"removed" doc:"there is none of that name any more"`
}

// Substance is who sent the commands and what they were.
func (b Processed) Substance() []string {
	var all strings.Builder
	for _, c := range b.Commands {
		all.WriteString(c.Text + "\n" + strings.Join(c.Results, "\n") + "\n")
	}
	return []string{strings.ToLower(b.Requester.Email), event.Gist(all.String())}
}

// Substance is who sent the command, and what it was.
func (b Failed) Substance() []string {
	return []string{strings.ToLower(b.Person.Email), event.Gist(b.Command)}
}

// Refused is the body of debbugs.mail.reject.
type Refused struct {
	Reason string `json:"reason" doc:"what was wrong with the mail, in the tracker's words; no address of a person, nothing of the mail itself"`
	Bug    int    `json:"bug,omitempty" doc:"the number that the mail was for, if the tracker names one; there may be no such bug"`
	Time   string `json:"time,omitempty" doc:"when the tracker answered; RFC 3339 in UTC"`
}

// Substance is the reason.
func (b Refused) Substance() []string { return []string{b.Reason} }

// Subscribed is the body of debbugs.subscription.update.
type Subscribed struct {
	Bug      int      `json:"bug" doc:"the bug's number"`
	Package  string   `json:"package" doc:"what it is filed against, as in all events of bugs"`
	Packages []string `json:"packages" doc:"all names that it is filed against"`
	Title    string   `json:"title,omitempty" doc:"the bug's title"`
	Action   string   `json:"action" doc:"what was asked for: subscribe, confirm, unsubscribe, confirm-unsubscribe; by whom is not told"`
	Time     string   `json:"time,omitempty" doc:"when the tracker received it; RFC 3339 in UTC"`
	URL      string   `json:"url" doc:"the bug's page"`
}
