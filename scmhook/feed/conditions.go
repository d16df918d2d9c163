package feed

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"busbar/common/condition"
)

// reportSpool says whether the spool can be listed.
func (c *Channel) reportSpool(err error) {
	c.o.Conditions.Note("spool", err, "the daemon must own "+c.o.Spool+", or read and write there")
}

// reportUnread says which spool files cannot be read; nil: this one can, or is gone.
func (c *Channel) reportUnread(name string, err error) {
	if err != nil {
		c.unread[name] = err
	} else if c.unread[name] == nil {
		return
	} else {
		delete(c.unread, name)
	}
	if len(c.unread) == 0 {
		c.o.Conditions.Clear("unreadable spool files")
		return
	}
	for _, err = range c.unread {
		break
	}
	hint := ""
	if errors.Is(err, fs.ErrPermission) {
		hint = "the daemon's user must be able to read what hooks write: let them be one user, or the spool have mode 1733"
	}
	c.o.Conditions.Note("unreadable spool files", fmt.Errorf("%d spool files cannot be read, such as: %w", len(c.unread), err), hint)
}

// reportRound says what a look for all repositories found.
func (c *Channel) reportRound(all []Repository, err error) {
	if err == nil && len(all) == 0 {
		err = errors.New("[scm] repositories names none that is there, so nothing is published")
	}
	c.o.Conditions.Note("repositories", err, "correct [scm] repositories, or let the daemon's user read them")
	if empty := c.o.Repositories.Empty(); len(empty) > 0 && len(all) > 0 {
		c.o.Conditions.Raise(condition.Condition{
			Name: "globs", Level: condition.Warn, Text: "no repository matches " + strings.Join(empty, ", "),
			Hint: "correct [scm] repositories, or leave these out",
		})
	} else {
		c.o.Conditions.Clear("globs")
	}
}

// tellRepositories says which repositories cannot be asked.
func (c *Channel) tellRepositories() {
	var n int
	var first *state
	for _, s := range c.repos {
		if s.why != nil {
			if n++; first == nil || s.Dir < first.Dir {
				first = s
			}
		}
	}
	if n == 0 {
		c.o.Conditions.Clear("troubled repositories")
		return
	}
	c.o.Conditions.Note("troubled repositories", fmt.Errorf("%d cannot be asked, such as %s: %w", n, first.Dir, first.why),
		"what is pushed there is published when they can be read")
}
