package debbugs

import (
	"net/url"
	"slices"
	"strings"

	"busbar/common/event"
)

// userLine reads the lines about a user's own tags and categories. Which bug they
// are about stands in the command alone; such an answer goes to whoever sent it,
// and to nobody else.
func (w *blockWalk) userLine(l string) bool {
	between := func(before, after string) (string, bool) {
		s, ok := strings.CutPrefix(l, before)
		s, end := strings.CutSuffix(s, after)
		if !ok || !end {
			s = ""
		}
		return strings.TrimSpace(s), s != ""
	}
	if l == "There were no usertags set." || l == "There are now no usertags set." {
		if w.oldTags == nil {
			w.oldTags = []string{}
		}
		if strings.Contains(l, "now") {
			w.tagged(nil)
		}
		return true
	}
	if s, ok := between("Setting user to ", "."); ok {
		w.user, _, _ = strings.Cut(s, " (was ")
		return true
	}
	if s, ok := between("User is ", ""); ok {
		w.user = s
		return true
	}
	if s, ok := between("Usertags were: ", "."); ok {
		w.oldTags = strings.Fields(s)
		return true
	}
	if s, ok := between("Usertags are now: ", "."); ok {
		w.tagged(strings.Fields(s))
		return true
	}
	added, isAdded := between("Added usercategory ", ".")
	removed, isRemoved := between("Removed usercategory ", ".")
	if isAdded || isRemoved {
		w.categorized(added+removed, isRemoved)
		return true
	}
	return false
}

// tagged tells the difference between a bug's tags before and after the command.
func (w *blockWalk) tagged(now []string) {
	if w.cmd.verb != "usertag" && w.cmd.verb != "usertags" || w.cmd.bug <= 0 || w.user == "" {
		return
	}
	was := w.oldTags
	w.oldTags = nil
	if !slices.Contains(w.all, w.cmd.bug) {
		w.all = append(w.all, w.cmd.bug)
	}
	added, removed := difference(tidyAll(was), tidyAll(now))
	for _, tag := range added {
		w.usertag(tag, []int{w.cmd.bug}, []int{})
	}
	for _, tag := range removed {
		w.usertag(tag, []int{}, []int{w.cmd.bug})
	}
}

func (c *controlled) usertag(tag string, added, removed []int) {
	if tag == "" {
		return
	}
	key := UsertagCommandKey(c.user, tag, added, removed, c.cause, 0)
	n := c.times[key]
	c.times[key]++
	if n > 0 {
		key = UsertagCommandKey(c.user, tag, added, removed, c.cause, n)
	}
	b := UsertagUpdated{User: tidy(c.user), Tag: tag, Added: added, Removed: removed, Part: 1, Parts: 1, URL: usertagLink(tidy(c.user), tag)}
	c.add(event.Event{Kind: usertagKind, Key: key, Time: c.at, Body: b})
}

func usertagLink(user, tag string) string {
	return "https://bugs.debian.org/cgi-bin/pkgreport.cgi?users=" + url.QueryEscape(user) + "&tag=" + url.QueryEscape(tag)
}

func (w *blockWalk) categorized(name string, removed bool) {
	if w.cmd.verb != "usercategory" || w.user == "" {
		return
	}
	c := w.controlled
	key := UsercategoryKey(c.user, name, c.cause, c.times["category "+name])
	c.times["category "+name]++
	c.add(event.Event{Kind: usercategoryKind, Key: key, Time: c.at, Body: UsercategoryUpdated{User: tidy(c.user), Name: tidy(name),
		Hidden: strings.Contains(strings.ToLower(w.cmd.args), "[hidden]"), Removed: removed}})
}
