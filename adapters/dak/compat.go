package dak

import (
	"strings"

	"busbar/common/runes"
)

// lists are the fields whose lines the old topic tells as objects, with the
// objects' members.
var lists = map[string][]string{
	"Files":            {"md5sum", "size", "section", "priority", "name"},
	"Checksums-Sha1":   {"sha1", "size", "name"},
	"Checksums-Sha256": {"sha256", "size", "name"},
}

// oldUpload is the .changes file as debmessenger told it.
func (c changes) oldUpload() OldUpload {
	const most = 100 // fields; a real file has about 25
	left := 4 * maxText
	b := OldUpload{}
	for _, name := range c.p.Order {
		if len(b) == most || len(name) > maxLine {
			continue
		}
		if members, ok := lists[name]; ok {
			b[name] = objects(c.get(name), members)
			continue
		}
		text, _ := runes.Cut(folded(name, c.p.Values[name]), min(maxText, left))
		b[name] = text
		left -= len(text)
	}
	return b
}

func objects(text string, members []string) []map[string]string {
	all := []map[string]string{}
	for _, row := range rows(text, len(members)) {
		o := map[string]string{}
		for i, m := range members {
			o[m] = line(row[i])
		}
		all = append(all, o)
	}
	return all
}

// folded gives a value its line breaks and indent back. Texts begin on the
// line after the field's name.
func folded(name, value string) string {
	value = strings.TrimSuffix(value, "\n")
	switch name {
	case "Description", "Changes", "Binary-Only-Changes":
		value = "\n" + value
	}
	var out strings.Builder
	head, rest, more := strings.Cut(value, "\n")
	out.WriteString(head)
	for more {
		var l string
		l, rest, more = strings.Cut(rest, "\n")
		if l == "" {
			l = "."
		}
		out.WriteString("\n " + l)
	}
	return out.String()
}
