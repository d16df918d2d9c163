package dak

import (
	"slices"
	"strconv"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/runes"
)

// Bounds of what goes on the bus: maxText bytes of changelog, maxLine of a
// name or other single value, maxList items of a list.
const (
	maxText = 64 << 10
	maxLine = 200
	maxList = 2000
)

// upload is what the .changes file says by itself.
func (c changes) upload() Upload {
	u := Upload{
		Package:      c.source,
		Version:      c.get("Version"),
		Architecture: unique(c.get("Architecture")),
		Binaries:     unique(c.get("Binary")),
		Urgency:      urgency(c.get("Urgency")),
		Maintainer:   person(c.get("Maintainer")),
		ChangedBy:    person(c.get("Changed-By")),
		Distribution: line(c.get("Distribution")),
		Date:         event.Stamp(c.date()),
		SignerKey:    c.key,
		URL:          Link(c.source),
	}
	if c.of != u.Version {
		u.SourceVersion = c.of
	}
	u.Sourceful = slices.Contains(u.Architecture, "source")
	u.Person = u.ChangedBy
	if u.Person == (event.Person{}) {
		u.Person = u.Maintainer
	}
	var cutText, cutFiles bool
	u.ChangesText, cutText = runes.Cut(c.get("Changes"), maxText)
	u.Files, cutFiles = c.files()
	u.Truncated = cutText || cutFiles || len(u.Binaries) == maxList
	u.NMU = nmu(c.get("Changes"))
	return u
}

// nmu finds the changelog's usual words for an upload by somebody else. A
// rebuild uses them too, but is none.
func nmu(changelog string) bool {
	s := strings.ToLower(changelog)
	return strings.Contains(s, "non-maintainer upload") && !strings.Contains(s, "binary-only non-maintainer upload")
}

// files merges Files ("md5 size section priority name") with the lines of
// Checksums-* ("hash size name").
func (c changes) files() (all []File, truncated bool) {
	all = []File{}
	at := map[string]int{}
	add := func(name, size string) *File {
		if name = line(name); name == "" {
			return nil
		}
		i, known := at[name]
		if !known {
			if len(all) == maxList {
				truncated = true
				return nil
			}
			n, err := strconv.ParseInt(size, 10, 64)
			if err != nil {
				n = 0
			}
			i = len(all)
			at[name], all = i, append(all, File{Name: name, Size: max(n, 0)})
		}
		return &all[i]
	}
	for _, f := range rows(c.get("Files"), 5) {
		if file := add(f[4], f[1]); file != nil {
			file.MD5, file.Section, file.Priority = line(f[0]), line(f[2]), line(f[3])
		}
	}
	for _, f := range rows(c.get("Checksums-Sha1"), 3) {
		if file := add(f[2], f[1]); file != nil {
			file.SHA1 = line(f[0])
		}
	}
	for _, f := range rows(c.get("Checksums-Sha256"), 3) {
		if file := add(f[2], f[1]); file != nil {
			file.SHA256 = line(f[0])
		}
	}
	return all, truncated
}

// rows splits lines into exactly n words; other lines are no entries.
func rows(text string, n int) [][]string {
	var all [][]string
	for l := range strings.Lines(text) {
		if f := strings.Fields(l); len(f) == n && len(all) <= maxList {
			all = append(all, f)
		}
	}
	return all
}

// urgency is the first word in lower case; older files add remarks, "low (HIGH
// for users of …)".
func urgency(s string) string {
	s, _, _ = strings.Cut(s, " ")
	return line(strings.ToLower(s))
}

func person(s string) event.Person {
	a := mail.ParseAddress(s)
	return event.Person{Name: line(a.Name), Email: line(a.Email)}
}

func line(s string) string {
	s, _ = runes.Cut(s, maxLine)
	return s
}
