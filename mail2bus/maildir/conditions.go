package maildir

import (
	"errors"
	"fmt"
	"io/fs"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"busbar/common/condition"
)

func (c *Channel) setSick(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sick = err
}

// Conditions says what keeps mails of this Maildir from being read, or from
// leaving new/. It is quick: nothing is looked at again.
func (c *Channel) Conditions() []condition.Condition {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []condition.Condition
	if c.sick != nil {
		list = append(list, condition.Condition{
			Name: "maildir " + c.o.Dir, Level: condition.Fail, Text: "it cannot be listed: " + c.sick.Error(), Hint: hint(c.sick),
		})
	}
	var unread, stuck group
	hanging := group{}
	for name, e := range c.files {
		switch {
		case e.bad != nil && e.done == nil:
			unread.add(name, e.bad, e.from)
		case e.bad != nil:
			stuck.add(name, e.bad, e.from)
		case e.logged && !e.since.IsZero():
			hanging.add(name, nil, e.since)
		}
	}
	list = unread.append(list, condition.Condition{Name: "unreadable mail in " + c.o.Dir, Level: condition.Fail}, "cannot be read")
	list = stuck.append(list, condition.Condition{Name: "stored mail in " + c.o.Dir, Level: condition.Warn}, "are stored, and cannot be moved out of new/")
	return hanging.append(list, condition.Condition{Name: "unfinished mail in " + c.o.Dir, Level: condition.Warn}, "are still being written")
}

// A group is the mails that have the same trouble; the one that has had it for
// longest stands for all.
type group struct {
	n     int
	name  string
	err   error
	since time.Time
}

func (g *group) add(name string, err error, since time.Time) {
	if g.n++; g.n == 1 || since.Before(g.since) {
		g.name, g.err, g.since = name, err, since
	}
}

func (g group) append(list []condition.Condition, c condition.Condition, what string) []condition.Condition {
	if g.n == 0 {
		return list
	}
	c.Since, c.Text = g.since, fmt.Sprintf("%d mails %s, such as %s", g.n, what, g.name)
	if g.err != nil {
		c.Text += ": " + g.err.Error()
		c.Hint = hint(g.err)
	}
	return append(list, c)
}

// hint is what a person can do about an error of the file system.
func hint(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "this program runs as " + self() + ": let that user or its group read and write there, such as by chmod g+rw, or by the mail system's umask"
	case errors.Is(err, fs.ErrNotExist):
		return "make it, mount it, or correct [mail] maildir"
	}
	return ""
}

func self() string {
	uid := strconv.Itoa(unix.Geteuid())
	if u, err := user.LookupId(uid); err == nil {
		return u.Username
	}
	return "user " + uid
}

// Unreadable counts the mails in a folder of a Maildir, new or cur, that this process
// may not read, of the first most, and gives one of them with the reason.
func Unreadable(dir, folder string, most int) (n int, one error, err error) {
	names, _, err := list(filepath.Join(dir, folder))
	if err != nil {
		return 0, nil, err
	}
	for _, name := range names[:min(len(names), most)] {
		path := filepath.Join(dir, folder, name)
		fd, oerr := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
		if oerr == nil {
			unix.Close(fd)
		} else if !errors.Is(oerr, fs.ErrNotExist) {
			if n++; n == 1 {
				one = fmt.Errorf("%w (%s)", &fs.PathError{Op: "open", Path: path, Err: oerr}, hint(oerr))
			}
		}
	}
	return n, one, nil
}
