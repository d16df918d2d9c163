package dak

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	busmail "busbar/common/mail"

	"busbar/common/pattern"
)

// changes is a .changes file's paragraph.
type changes struct {
	p      *paragraph
	source string // without a version in brackets
	of     string // that version
	key    string // the signing key that the signature names
}

// The names that the archive allows (Debian Policy §5.6.1, §5.6.12), bounded.
var (
	sourceField  = pattern.New(`^([A-Za-z0-9][A-Za-z0-9+.-]{0,200})(?:\s+\((\S{1,200})\))?$`)
	sourceName   = pattern.New(`^[A-Za-z0-9][A-Za-z0-9+.-]{0,200}$`)
	versionForm  = pattern.New(`^[A-Za-z0-9][A-Za-z0-9.+:~-]{0,200}$`)
	architecture = pattern.New(`^[A-Za-z0-9][A-Za-z0-9-]{0,100}$`)
	suiteForm    = pattern.New(`^[A-Za-z0-9][A-Za-z0-9.+:~_/-]{0,100}$`)
)

// readChanges finds the .changes file in a mail's text and reads it. It is
// clearsigned, but for uploads from some archives of old. One that was cut on
// its way is an error: its copy may follow whole.
func readChanges(text string) (changes, error) {
	var c changes
	signed, signature, ok := busmail.Clearsigned(text)
	switch {
	case ok && !strings.HasSuffix(signature, busmail.EndSignature+"\n"), !ok && busmail.BeginsSigned(text):
		return c, cutError("the signature of its .changes file has no end")
	case ok:
		c.key = signerKey(signature)
	default:
		if signed, ok = unsigned(text); !ok {
			return c, errors.New("holds no .changes file")
		}
	}
	var err error
	if c.p, err = readParagraph(signed); err != nil {
		return c, fmt.Errorf("its .changes file cannot be read: %w", err)
	}
	if c.key == "" && signature == "" {
		if missing := c.missing(); missing != "" {
			return c, cutError(missing)
		}
	}
	return c, c.check()
}

// A cutError says what a mail lacks that was cut on its way.
type cutError string

func (e cutError) Error() string { return string(e) }

// missing says what an unsigned .changes file lacks of its lists, which stand at
// its end, each with the same files; "" if it is whole.
func (c *changes) missing() string {
	if !c.p.ended {
		return "the last line of its .changes file has no end"
	}
	files := rows(c.get("Files"), 5)
	if len(files) == 0 || len(files) != entries(c.get("Files")) {
		return "the list of files in its .changes file stops"
	}
	names := map[string]bool{}
	for _, f := range files {
		names[f[4]] = true
	}
	for _, name := range []string{"Checksums-Sha1", "Checksums-Sha256"} {
		text, is := c.p.Values[name]
		if !is {
			continue
		}
		sums := rows(text, 3)
		if len(sums) != len(files) || len(sums) != entries(text) {
			return "the list " + name + " in its .changes file stops"
		}
		for _, f := range sums {
			if !names[f[2]] {
				return "the lists in its .changes file name other files each"
			}
		}
	}
	return ""
}

// entries counts the lines of a list.
func entries(text string) int {
	n := 0
	for l := range strings.Lines(text) {
		if strings.TrimSpace(l) != "" && n <= maxList {
			n++
		}
	}
	return n
}

// unsigned finds a .changes file without signature: it begins with Format and
// ends at a blank line.
func unsigned(text string) (string, bool) {
	i := strings.Index("\n"+text, "\nFormat: ")
	if i < 0 {
		return "", false
	}
	return text[i:], true
}

// check reports what makes a .changes file unusable: without these fields
// nobody can tell what was uploaded, and of a field that stands twice the
// parser keeps only one.
func (c *changes) check() error {
	seen := map[string]bool{}
	for _, name := range c.p.Order {
		if seen[name] {
			return fmt.Errorf("the field %s stands twice in its .changes file", line(name))
		}
		seen[name] = true
	}
	m := sourceField.FindStringSubmatch(c.get("Source"))
	if m == nil {
		return fmt.Errorf("its .changes file names no usable Source: %q", line(c.get("Source")))
	}
	c.source, c.of = m[1], m[2]
	if v := c.get("Version"); !versionForm.MatchString(v) {
		return fmt.Errorf("its .changes file names no usable Version: %q", line(v))
	}
	if c.get("Architecture") == "" {
		return errors.New("its .changes file has no Architecture")
	}
	return named("Architecture", c.get("Architecture"), architecture)
}

// named reports a word that no such name can be: an event's id is made of them,
// so nothing in them may be cut off or read two ways.
func named(what, words string, form *pattern.Regexp) error {
	all := unique(words)
	if len(all) == maxList {
		return fmt.Errorf("it names %d of %s or more", maxList, what)
	}
	for _, w := range all {
		if !form.MatchString(w) {
			return fmt.Errorf("it names no usable %s: %q", what, w)
		}
	}
	return nil
}

// get is a field's value without blanks around it.
func (c changes) get(name string) string { return strings.Trim(c.p.Values[name], blanks) }

// date is the Date field; zero if it cannot be read.
func (c changes) date() time.Time { return busmail.ParseTime(c.get("Date")) }

// closes is the Closes field's numbers.
func (c changes) closes() []int {
	bugs := []int{}
	for _, w := range unique(c.get("Closes")) {
		if n, err := strconv.Atoi(w); err == nil && n > 0 && n <= 999_999_999 {
			bugs = append(bugs, n)
		}
	}
	return bugs
}

var rebuilt = pattern.New(`\+b([0-9]{1,6})$`)

// binNMU reports whether this is a rebuild of an unchanged source, and which.
func (c changes) binNMU() (bool, int) {
	is := strings.EqualFold(c.get("Binary-Only"), "yes")
	m := rebuilt.FindStringSubmatch(c.get("Version"))
	if m == nil || !is && c.of == "" {
		return is, 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return true, 0
	}
	return true, n
}
