package mail

import "strings"

// maxIDs bounds the ids taken from one field.
const maxIDs = 10_000

// messageID returns the first id of a value: what stands in angle brackets,
// else its first word.
func messageID(raw string) string {
	s := oneLine(toUTF8(raw))
	if _, after, found := strings.Cut(s, "<"); found {
		id, _, _ := strings.Cut(after, ">")
		if id = trimID(id); id != "" {
			return id
		}
		s = after
	}
	for word := range strings.FieldsSeq(s) {
		if id := trimID(word); id != "" {
			return id
		}
	}
	return ""
}

// messageIDs returns all ids of a value. Where none stands in brackets, each
// word with an "@" is one.
func messageIDs(raw string) []string {
	s := oneLine(toUTF8(raw))
	var all []string
	for rest := s; len(all) < maxIDs; {
		_, after, found := strings.Cut(rest, "<")
		if !found {
			break
		}
		var id string
		id, rest, _ = strings.Cut(after, ">")
		if id = trimID(id); id != "" {
			all = append(all, id)
		}
	}
	if all != nil {
		return all
	}
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ' ' || r == ',' || r == ';' }) {
		if id := trimID(word); strings.Contains(id, "@") && len(all) < maxIDs {
			all = append(all, id)
		}
	}
	return all
}

func trimID(s string) string { return strings.Trim(s, " <>\",;") }
