package scm

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/translate"
)

// ruler ends a log; the line that begins it is as long.
const ruler = "-----------------------------------------------------------------------"

// section is the text between the log's rulers, or all of it.
func section(text string) string {
	_, after, ok := strings.Cut(text, "\n- Log --")
	if !ok {
		return text
	}
	_, after, _ = strings.Cut(after, "\n")
	inside, _, _ := strings.Cut("\n"+after, "\n"+ruler+"\n")
	return strings.TrimPrefix(inside, "\n")
}

// log reads commits as git log prints them, oldest first. Their messages stand
// behind four blanks, so that no message looks like a commit.
func log(text string) []Commit {
	var all []Commit
	var message []string
	begun := false // the message has a word
	close := func() {
		if len(all) > 0 {
			all[len(all)-1].Message = strings.TrimSpace(strings.Join(message, "\n")) + "\n"
		}
		message, begun = nil, false
	}
	open := false
	for line := range strings.SplitSeq(section(text), "\n") {
		id, isCommit := strings.CutPrefix(line, "commit ")
		id, _, _ = strings.Cut(id, " ")
		switch {
		case isCommit && len(id) >= 40:
			if id, ok := revision(id); ok && id != "" {
				close()
				all, open = append(all, Commit{ID: id}), true
			}
		case !open:
		case strings.HasPrefix(line, "    "):
			message = append(message, line[4:])
			begun = begun || strings.TrimSpace(line) != ""
		case line == "":
			message = append(message, "")
		case begun:
			open = false // a statistic, a difference
		default:
			header(&all[len(all)-1], line)
		}
	}
	close()
	slices.Reverse(all)
	return all
}

func header(c *Commit, line string) {
	name, value, _ := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	switch name {
	case "Author":
		c.Author = Author(value)
	case "Merge":
		c.Merge = true
	case "Commit":
		c.Committer = Author(value)
	case "Date", "AuthorDate":
		c.Authored = date(value)
	case "CommitDate":
		c.Committed = date(value)
	}
}

// date reads git's usual form.
func date(s string) time.Time {
	t, err := time.Parse("Mon Jan 2 15:04:05 2006 -0700", strings.TrimSpace(s))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// SplitSignature cuts a tag's message from the signature behind it.
func SplitSignature(message string) (text string, signed bool) {
	for _, begin := range []string{"-----BEGIN PGP SIGNATURE-----", "-----BEGIN SSH SIGNATURE-----", "-----BEGIN SIGNED MESSAGE-----"} {
		if at := strings.Index("\n"+message, "\n"+begin); at >= 0 {
			return message[:at], true
		}
	}
	return message, false
}

var (
	svnSubject = pattern.New(`^\[([^\]]+)\] r(\d{1,9}) - `)
	svnBody    = pattern.New(`^\s*Author: (.*)\r?\nDate: (.*)\r?\nNew Revision: (\d{1,9})\r?\n`)
)

// svnRevision reads commit-email.pl's mail.
func svnRevision(m *mail.Message, p *Push) error {
	text := strings.ReplaceAll(m.Text(), "\r\n", "\n")
	title, head := svnSubject.FindStringSubmatch(m.Header.Get("Subject")), svnBody.FindStringSubmatch(text)
	if title == nil || head == nil || title[2] != head[3] {
		return translate.Poison("the revisions in the subject and in the text differ")
	}
	c := Commit{ID: head[3], Author: event.Person{Name: strings.TrimSpace(head[1])}}
	c.Committer = c.Author
	day, _, _ := strings.Cut(head[2], " (")
	if t, err := time.Parse("2006-01-02 15:04:05 -0700", day); err == nil {
		c.Authored, c.Committed = t.UTC(), t.UTC()
	}
	paths, message, ok := strings.Cut(strings.TrimPrefix(text[len(svnBody.FindString(text)):], "\n"), "Log:\n")
	if !ok { // it is there also where nobody wrote anything
		return translate.Poison("cut: the mail stops in its list of files")
	}
	c.Message = logOf(message)
	action := ""
	for line := range strings.SplitSeq(paths, "\n") {
		switch path, ok := strings.CutPrefix(line, "   "); {
		case ok && action != "":
			c.Files = append(c.Files, File{Path: path, Action: action})
		default:
			action = map[string]string{"Added:": "added", "Modified:": "modified", "Removed:": "removed"}[line]
		}
	}
	c.Changed = len(c.Files)
	p.System, p.Repository, p.Pusher.Username = "svn", title[1], c.Author.Name
	p.Updates = []Update{{Ref: "youngest", New: c.ID, Old: fmt.Sprint("before ", c.ID), Commits: []Commit{c}, Total: 1}}
	return nil
}

// difference begins what the mail shows behind the log.
var difference = pattern.New(`(?m)^(?:Added|Modified|Deleted|Copied|Property changes on): .*\n(?:={67}|_{67})$`)

func logOf(text string) string {
	if at := difference.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	return strings.TrimSpace(text)
}
