package scm

import (
	"strconv"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/translate"
)

// Mails reads the mails that hooks of older days send of a push: git's
// post-receive-email, git-multimail, and Subversion's commit-email.pl. What they
// tell has the ids that the hook's own account has, if they call the repository
// by the same name; names says what is called otherwise, as "what the mail
// says": "what the bus says".
//
// Not here: GitLab's mails, which name no full ids.
func Mails(service string, names map[string]string) translate.Translator[*mail.Message] {
	t := translator{define(service), Links{}}
	return translate.Translator[*mail.Message]{
		Name: "scm", Kinds: t.kinds.mailed(),
		Why: func(it translate.Item[*mail.Message]) string { _, why := claim(it.Value); return why },
		Translate: func(it translate.Item[*mail.Message]) ([]event.Event, error) {
			read, why := claim(it.Value)
			if why == "" {
				return nil, translate.Skip("no commit mail")
			}
			p := Push{Via: "mail"}
			p.Time, _ = it.Value.Header.Time("Date")
			if err := read(it.Value, &p); err != nil {
				return nil, err
			}
			if name, ok := names[p.Repository]; ok {
				p.Repository = name
			}
			return t.translate(translate.Item[Push]{Value: p})
		},
	}
}

// claim finds who reads a mail, and says by what it is known.
func claim(m *mail.Message) (read func(*mail.Message, *Push) error, why string) {
	switch h := m.Header; {
	case h.Has("X-Git-Refname") && h.Has("X-Git-Newrev"):
		return gitRef, "X-Git-Refname: " + word(h.Get("X-Git-Refname"))
	case h.Has("X-Git-Rev") && h.Has("X-Git-Refname"): // multimail of any age
		return gitCommit, "X-Git-Rev: " + word(h.Get("X-Git-Rev"))
	}
	if subject := m.Header.Get("Subject"); svnSubject.MatchString(subject) && svnBody.MatchString(m.Text()) {
		return svnRevision, "Subject: " + word(subject)
	}
	return nil, ""
}

var (
	// The repository's name is given in words.
	ofRepository = pattern.New(`(?m)^in repository (.+)\.$|^the project "(.*)"\.$`)
	whoPushed    = pattern.New(`(?m)^(.+) pushed a (?:change|commit) to `)
	// Lines of what is new, and of what is gone: of post-receive-email, and of multimail.
	// The words changed with the versions.
	brought = pattern.New(`(?m)^ +(?:via|new|adds?) +[0-9a-f]{7,64}\b`)
	undone  = pattern.New(`(?m)^ *(?:discards?|omits?) +[0-9a-f]{7,64}\b`)

	tagging  = pattern.New(`(?m)^ +tagging +([0-9a-f]{40,64}) \((\w+)\)`)
	taggedBy = pattern.New(`(?m)^ +(?:tagged )?by +(.+)$`)
	taggedOn = pattern.New(`(?m)^ +on +(.+)$`)
)

// intro is the text before the log, where nobody's words stand.
func intro(text string) string {
	before, _, _ := strings.Cut(text, "\n- Log --")
	return before
}

// about reads what all of git's mails have in common.
func about(m *mail.Message, p *Push) (text string) {
	text = strings.ReplaceAll(m.Text(), "\r\n", "\n")
	p.System, p.Repository = "git", m.Header.Bytes("X-Git-Repo")
	if found := ofRepository.FindStringSubmatch(intro(text)); p.Repository == "" && found != nil {
		p.Repository = found[1] + found[2]
	}
	if found := whoPushed.FindStringSubmatch(intro(text)); found != nil {
		p.Pusher.Username = found[1]
	}
	return text
}

// gitRef reads a mail of a ref that moved.
func gitRef(m *mail.Message, p *Push) error {
	text := about(m, p)
	u := Update{Ref: m.Header.Bytes("X-Git-Refname")}
	var ok [2]bool
	u.Old, ok[0] = revision(m.Header.Get("X-Git-Oldrev"))
	u.New, ok[1] = revision(m.Header.Get("X-Git-Newrev"))
	if !ok[0] || !ok[1] || !strings.HasPrefix(u.Ref, "refs/") {
		return translate.Poison("the mail names no ref with two ids: %.100q %.100q %.100q", u.Ref, m.Header.Get("X-Git-Oldrev"), m.Header.Get("X-Git-Newrev"))
	}
	if _, log, ok := strings.Cut(text, "\n- Log --"); ok && !strings.Contains(log, "\n"+ruler) {
		return translate.Poison("cut: the mail stops in its log")
	}
	if cutInList(text) {
		return translate.Poison("cut: the mail stops in its list of commits")
	}
	p.Updates = []Update{u}
	switch u := &p.Updates[0]; {
	case u.New == "":
	case strings.HasPrefix(u.Ref, "refs/tags/"):
		u.Tag = tagOf(text)
	default:
		u.Commits = log(text)
		u.Total = max(len(brought.FindAllString(intro(text), -1)), len(u.Commits))
		u.Forced = undone.MatchString(intro(text))
	}
	return nil
}

// gitCommit reads multimail's mail of one commit.
func gitCommit(m *mail.Message, p *Push) error {
	id, ok := revision(m.Header.Get("X-Git-Rev"))
	if !ok || id == "" {
		return translate.Poison("the mail names no commit: %.100q", m.Header.Get("X-Git-Rev"))
	}
	u := Update{Ref: m.Header.Bytes("X-Git-Refname"), New: id, Apart: true}
	text := about(m, p)
	for _, c := range log(text) {
		if c.ID == id {
			u.Commits = []Commit{c}
		}
	}
	if u.Commits != nil && !behindMessage.MatchString(text) {
		return translate.Poison("cut: the mail stops in the commit's message")
	}
	if u.Commits == nil {
		return translate.Ignore("the commit's text is not in its mail")
	}
	p.Updates = []Update{u}
	return nil
}

// listed is a line of the list of commits. Some words about them stand behind an empty
// line below it, in every version.
var listed = pattern.New(`(?m)^ *(?:from|via|new|adds?|discards?|omits?) +[0-9a-f]{7,64}\b.*$`)

func cutInList(text string) bool {
	lines := listed.FindAllStringIndex(intro(text), -1)
	return lines != nil && !strings.Contains(text[lines[len(lines)-1][1]:], "\n\n")
}

// behindMessage is what multimail has behind a commit's message: the files, what changed
// in them, or, of a merge, the footer alone.
var behindMessage = pattern.New(`(?m)^(?:---|diff --.*|-- )$`)

// tagOf reads what post-receive-email says of an annotated tag.
func tagOf(text string) *Tag {
	target := tagging.FindStringSubmatch(intro(text))
	if target == nil {
		return nil
	}
	t := &Tag{Target: target[1], Type: target[2]}
	if by := taggedBy.FindStringSubmatch(intro(text)); by != nil {
		t.Tagger.Name = by[1]
	}
	if on := taggedOn.FindStringSubmatch(intro(text)); on != nil {
		t.Time = date(on[1])
	}
	t.Message, t.Signed = SplitSignature(withoutShortlog(section(text)))
	if t.Message = strings.TrimSpace(t.Message); t.Message != "" {
		t.Message += "\n"
	}
	return t
}

// withoutShortlog cuts off the list of what a tag holds, as git shortlog makes
// it: a name with a number, and so many subjects behind six blanks, again and
// again up to the end.
func withoutShortlog(text string) string {
	lines := strings.Split(text, "\n")
	end := len(lines)
	for i := len(lines) - 1; i >= 0; i-- {
		m := shortlog.FindStringSubmatch(lines[i])
		if m == nil {
			continue
		}
		n, err := strconv.Atoi(m[1])
		next := i + 1 + n
		if err != nil || n < 1 || next > end {
			break
		}
		for _, l := range lines[i+1 : next] {
			if !strings.HasPrefix(l, "      ") {
				return strings.Join(lines[:end], "\n")
			}
		}
		if strings.TrimSpace(strings.Join(lines[next:end], "")) != "" {
			break
		}
		end = i
	}
	return strings.Join(lines[:end], "\n")
}

// shortlog begins an entry of such a list.
var shortlog = pattern.New(`^\S.* \((\d{1,6})\):$`)

// revision is an id; zeros are none, and no id is not ok.
func revision(s string) (id string, ok bool) {
	if (len(s) != 40 && len(s) != 64) || strings.Trim(s, "0123456789abcdef") != "" {
		return "", false
	}
	if strings.Trim(s, "0") == "" {
		return "", true
	}
	return s, true
}
