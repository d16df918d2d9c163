package debbugs

import (
	"strings"

	"busbar/common/mail"
	"busbar/common/pattern"
)

// A command is a line of a mail to control@, or of a pseudo-header "Control:".
type command struct {
	verb string
	bugs []int // the first is what it is about; negative: a clone that has no number yet
	args string
}

var commandLine = pattern.New(`^(?i:([a-z]+))\s+#?(-?\d{1,9})(?:\s+(.*))?$`)

// verbs are the commands that can change a field, by field.
var verbs = map[string]string{
	"done": "close reopen found", "forward": "forwarded notforwarded", "severity": "severity priority", "tag": "tag tags",
	"title": "retitle", "package": "reassign", "found": "found notfound fixed reassign", "fixed": "fixed notfixed found close reopen reassign",
	"submitter": "submitter reopen", "owner": "owner noowner", "block": "block unblock", "affect": "affects",
	"merge": "merge", "unmerge": "unmerge", "archive": "archive", "unarchive": "unarchive", "summary": "summary", "outlook": "outlook",
}

// several is the commands whose further numbers are bugs as well.
const several = " merge forcemerge unmerge block unblock "

// commands reads a text with a command a line. What stands after a line that
// ends the work is not read.
func commands(text string) []command {
	const most = 500
	if signed, _, ok := mail.Clearsigned(text); ok {
		text = signed
	}
	var list []command
	for l := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		l = strings.TrimSpace(l)
		word, _, _ := strings.Cut(strings.ToLower(l), " ")
		switch {
		case word == "quit", word == "stop", word == "--", strings.HasPrefix(word, "thank"), word == "kthxbye":
			return list
		case len(l) > 4000 || len(list) == most:
			continue
		}
		m := commandLine.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		c := command{verb: strings.ToLower(m[1]), bugs: []int{signed(m[2])}, args: strings.TrimSpace(m[3])}
		if strings.Contains(several, " "+c.verb+" ") {
			for _, f := range strings.Fields(c.args) {
				if n := signed(strings.Trim(f, "#,")); n != 0 {
					c.bugs = append(c.bugs, n)
				}
			}
		}
		list = append(list, c)
	}
	return list
}

// signed is a bug's number, or one with a minus.
func signed(s string) int {
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		return -bugNumber(rest)
	}
	return bugNumber(s)
}

// changes tells whether the command can change a field of a bug.
func (c command) changes(field string, is func(bug int) bool) bool {
	if !strings.Contains(" "+verbs[field]+" forcemerge ", " "+c.verb+" ") {
		return false
	}
	for _, n := range c.bugs {
		if is(n) {
			return true
		}
	}
	return false
}

// says tells whether the command names the value that the field now has.
func (c command) says(value string) bool {
	squeeze := func(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
	return value != "" && strings.Contains(squeeze(c.args), squeeze(value))
}
