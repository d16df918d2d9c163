package dak

import (
	"strings"

	"busbar/common/charset"
	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/runes"
	"busbar/common/translate"
)

// A Stanza is one entry of the archive's log of removals, removals.822, as its bytes
// are. The log has each removal (dak rm), also those without a bug, of which no mail
// tells.
type Stanza string

// RemovalLog reads the entries of removals.822. A removal that a mail told, too, is
// one event: see [RemovalKey].
func RemovalLog() translate.Translator[Stanza] {
	return translate.Translator[Stanza]{Name: "removals", Translate: logged, Kinds: event.Catalog{removeKind}}
}

var (
	logSource = pattern.New(`^([^_\s]{1,201})_(\S{1,201})$`)
	logBinary = pattern.New(`^([^_\s]{1,201})_(\S{1,201}) \[(.*)\]$`)
)

func logged(it translate.Item[Stanza]) ([]event.Event, error) {
	text, _ := charset.Runs([]byte(it.Value)) // Latin-1 in its first years
	p, err := readParagraph(strings.ReplaceAll(text, "\x00", "\uFFFD"))
	if err != nil {
		return nil, translate.Poison("an entry of the log of removals: %v", err)
	}
	if !p.ended {
		return nil, translate.Poison("cut: an entry of the log of removals has no end: %q", line(text))
	}
	get := func(name string) string { return strings.Trim(p.Values[name], blanks) }
	var r removal
	for _, l := range strings.Split(get("Sources"), "\n") {
		if m := logSource.FindStringSubmatch(strings.Trim(l, blanks)); m != nil {
			r.add(m[1], m[2], "source")
		} else if l != "" {
			return nil, translate.Poison("an entry of the log of removals names no usable source: %q", line(l))
		}
	}
	for _, l := range strings.Split(get("Binaries"), "\n") {
		if m := logBinary.FindStringSubmatch(strings.Trim(l, blanks)); m != nil {
			r.add(m[1], m[2], m[3])
		} else if l != "" {
			return nil, translate.Poison("an entry of the log of removals names no usable binary: %q", line(l))
		}
	}
	r.By, _ = runes.Cut(get("Ftpmaster"), maxLine)
	for i, bug := range bugList(get("Bug")) {
		if i == 0 {
			r.Bug = bug
			continue
		}
		r.AlsoBugs = append(r.AlsoBugs, bug)
	}
	r.AlsoBugs = append(r.AlsoBugs, bugList(get("Also-Bugs"))...)
	r.AlsoBugs = append(r.AlsoBugs, bugList(get("Also-WNPP"))...)
	e, err := r.event(get("Suite"), get("Reason"), mail.ParseTime(get("Date")))
	if err != nil {
		return nil, translate.Poison("an entry of the log of removals: %v", err)
	}
	return []event.Event{e}, nil
}

// bugList reads numbers with blanks or commas between them.
func bugList(text string) (bugs []int) {
	for _, word := range unique(text) {
		if n := number(strings.TrimPrefix(word, "#")); n > 0 {
			bugs = append(bugs, n)
		}
	}
	return bugs
}
