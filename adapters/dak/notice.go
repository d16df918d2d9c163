package dak

import (
	"strings"

	"busbar/common/mail"
	"busbar/common/pattern"
)

// A notice is what a mail's header says of an accepted upload.
type notice struct {
	subject string
	file    string   // the .changes file, "" in announcements before 2022
	suites  []string // in the mail's order, each once; nil before 2014
	policy  bool     // into a policy queue, not into the suites yet
	queue   string   // its name
}

// The two forms of subject. The suites are named since 2014 and 2010.
var (
	announced = pattern.New(`^Accepted \S+ \S+ \([^)]*\)(?: into (.*))?$`)
	accepted  = pattern.New(`^(\S+\.changes) ACCEPTED(?: into (.*))?$`)
)

// readNotice reads the header; ok is false if the mail is about something else
// than an accepted upload.
func readNotice(h mail.Header) (n notice, ok bool) {
	n.subject = whole(h, "Subject")
	into := ""
	if a := announced.FindStringSubmatch(n.subject); a != nil {
		into = a[1]
	} else if a := accepted.FindStringSubmatch(n.subject); a != nil {
		n.file, into = line(a[1]), a[2]
	} else {
		return n, false
	}
	if file := h.Get("Debian-Changes"); file != "" {
		n.file = line(file)
	}
	if suites := whole(h, "Debian-Suite"); suites != "" {
		into = suites
	}
	n.policy = strings.EqualFold(h.Get("Debian-Archive-Action"), "policy")
	var targets []string
	for suite := range strings.SplitSeq(into, ",") {
		target, queue, arrow := strings.Cut(suite, "->")
		targets = append(targets, target)
		if arrow {
			n.policy = true
			if n.queue == "" {
				n.queue = line(strings.TrimSpace(queue))
			}
		}
	}
	n.suites = unique(strings.Join(targets, " "))
	return n, true
}

// whole is a field by its bytes, so that no two values of other bytes are alike.
func whole(h mail.Header, name string) string {
	return mail.Escaped(strings.Trim(strings.ReplaceAll(h.Bytes(name), "\t", " "), " "))
}

// unique splits words at blanks and commas and keeps each once. After NEW the
// archive names a suite twice.
func unique(s string) []string {
	all := []string{}
	seen := map[string]bool{}
	for w := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' }) {
		if w = line(w); len(all) < maxList && !seen[w] {
			seen[w] = true
			all = append(all, w)
		}
	}
	return all
}
