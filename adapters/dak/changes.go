package dak

import (
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"

	busmail "busbar/common/mail"

	"pault.ag/go/debian/control"
)

// changes is a .changes file's paragraph.
type changes struct {
	p      *control.Paragraph
	source string // without a version in brackets
	of     string // that version
	key    string // the signing key that the signature names
}

// The names that the archive allows (Debian Policy §5.6.1, §5.6.12), bounded.
var (
	sourceField = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9+.-]{0,200})(?:\s+\((\S{1,200})\))?$`)
	versionForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+:~-]{0,200}$`)
)

// readChanges finds the .changes file in a mail's text and reads it. It is
// clearsigned, but for uploads from some archives of old.
func readChanges(text string) (changes, error) {
	var c changes
	signed, signature, ok := busmail.Clearsigned(text)
	if ok {
		c.key = signerKey(signature)
	} else if signed, ok = unsigned(text); !ok {
		return c, errors.New("holds no .changes file")
	}
	r, err := control.NewParagraphReader(strings.NewReader(signed), nil)
	if err != nil {
		return c, fmt.Errorf("its .changes file cannot be read: %w", err)
	}
	if c.p, err = r.Next(); err != nil {
		return c, fmt.Errorf("its .changes file cannot be read: %s", line(strings.Join(strings.Fields(err.Error()), " ")))
	}
	return c, c.check()
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
	return nil
}

// get is a field's value without blanks around it.
func (c changes) get(name string) string { return strings.TrimSpace(c.p.Values[name]) }

// date is the Date field; zero if it cannot be read.
func (c changes) date() time.Time {
	t, err := mail.ParseDate(c.get("Date"))
	if err != nil {
		return time.Time{}
	}
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

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

var rebuilt = regexp.MustCompile(`\+b([0-9]{1,6})$`)

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
