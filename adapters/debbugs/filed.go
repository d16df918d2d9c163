package debbugs

import (
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
)

// filed tells what the pseudo-headers of a report did besides making the bug: its
// owner, where it is forwarded to, users' tags. No answer tells of these; the
// tracker takes them by the same rules (debbugs: scripts/process).
func filed(m *mail.Message, b Bug, a arrival, id string) (events []event.Event) {
	b = caused(b, m, a, id)
	p := pseudoHeaders(m.Text()).also(m.Header, "owner", "forwarded")
	if owner := p["owner"]; owner != "" {
		events = append(events, event.Event{Kind: ownerKind, Key: CommandKey(b.Bug, "owner", nil, one(owner), id, 0), Time: a.time,
			Body: OwnerUpdated{b, perhaps(owner), nil}})
	}
	if to := p["forwarded"]; to != "" {
		events = append(events, event.Event{Kind: forwardKind, Key: CommandKey(b.Bug, "forward", nil, one(to), id, 0), Time: a.time,
			Body: Forwarded{Bug: b, To: tidy(to), Message: Message{Attachments: []Attachment{}}}})
	}
	return append(events, tagging(m, p[userLines], b.Bug, a, id)...)
}

var (
	validUser    = pattern.New(`^[a-zA-Z0-9._+-]+@[a-z0-9.-]{4,}$`)
	validUsertag = pattern.New(`^[a-zA-Z0-9.+@-]{1,200}$`)
)

// tagging tells the usertags of a report: those before any "User" are its sender's.
func tagging(m *mail.Message, lines string, bug int, a arrival, id string) (events []event.Event) {
	const most = 100
	user := ""
	for _, h := range []string{"Reply-To", "From"} {
		if list := m.Header.Addresses(h); len(list) > 0 && user == "" {
			user = strings.ToLower(list[0].Email)
		}
	}
	said := map[string]bool{}
	for l := range strings.SplitSeq(lines, "\n") {
		name, value, _ := strings.Cut(strings.ToLower(l), " ")
		switch name {
		case "user":
			if u := mail.ParseAddress(strings.TrimSpace(strings.SplitN(value, ",", 2)[0])).Email; validUser.MatchString(u) {
				user = u
			}
		case "usertags":
			for _, tag := range words(value) {
				key := UsertagCommandKey(user, tag, []int{bug}, nil, id, 0)
				if !validUser.MatchString(user) || !validUsertag.MatchString(tag) || said[key] || len(said) == most {
					continue
				}
				said[key] = true
				events = append(events, event.Event{Kind: usertagKind, Key: key, Time: a.time, Body: UsertagUpdated{
					User: tidy(user), Tag: tag, Added: []int{bug}, Removed: []int{}, Part: 1, Parts: 1, URL: usertagLink(user, tag)}})
			}
		}
	}
	return events
}

// versionFiled is the version that a report or a follow-up says the bug is in, as
// the tracker records it as far as the mail tells: it may add the source package.
func (p pseudo) versionFiled() string {
	switch {
	case p["source"] != "" && p.version("source-version") != "":
		return qualified(p["source"], p.version("source-version"))
	case p["source"] != "":
		return qualified(p["source"], p.version("version"))
	case p["package"] != "":
		return p.version("version")
	}
	return ""
}

// versionFixed is the same of the version that a closing mail says the bug is
// fixed in.
func (p pseudo) versionFixed() string {
	switch v := p.version("source-version"); {
	case p["source-version"] != "":
		return qualified(p["source"], v)
	default:
		return qualified(p["package"], p.version("version"))
	}
}

func qualified(source, version string) string {
	source = strings.ToLower(strings.TrimPrefix(source, "src:"))
	if version == "" || source == "" || strings.Contains(version, "/") || strings.ContainsAny(source, ", ") {
		return version
	}
	return line(source + "/" + version)
}

// versioned tells that a mail added a version to a bug: one that it is found in, by
// a follow-up, or is fixed in, by a closing mail.
func versioned(field string, b Bug, v, id string, at arrival) []event.Event {
	if v == "" {
		return nil
	}
	e := event.Event{Kind: foundKind, Key: CommandKey(b.Bug, field, nil, one(v), id, 0), Time: at.time, Body: FoundUpdated{b, one(v), []string{}, false}}
	if field == "fixed" {
		e.Kind, e.Body = fixedKind, NamesUpdated{b, one(v), []string{}}
	}
	return []event.Event{e}
}
