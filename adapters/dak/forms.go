package dak

import (
	"errors"
	"slices"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
)

// A form is one kind of the archive's mails: how it is known among them, and
// what is made of it. Exactly one of tell and silent is set.
type form struct {
	is     func(letter) bool
	tell   func(letter) ([]event.Event, error)
	silent string // why it tells the bus nothing
}

// forms is every kind of mail but those about accepted uploads and accounts,
// in the order in which they are looked for. The last takes what is left.
func forms() []form {
	return []form{
		{is: holds, tell: held},
		{is: rejects, tell: rejected},
		{is: func(l letter) bool { return relatedTo(l) != nil }, tell: closedByRemoval},
		{is: removes, tell: removed},
		{is: func(l letter) bool { return bugOf(l.subject) > 0 && strings.Contains(l.subject, ": fixed in ") }, tell: closedByUpload},
		{is: overrides, tell: overridden},
		{is: func(l letter) bool { return strings.HasSuffix(l.subject, " override disparity") }, tell: disparity},
		{is: func(l letter) bool {
			return strings.HasPrefix(l.subject, commandResults) || l.program == "process-command"
		}, tell: commanded},
		{is: func(l letter) bool { return strings.HasPrefix(l.subject, commentsOn) }, tell: commented},
		{is: func(l letter) bool {
			return strings.HasPrefix(l.subject, transitionsDone) || l.program == "transitions"
		}, tell: transitioned},
		{is: isIncomplete, tell: warnedOf},
		{is: isQueued, tell: processed},
		{is: reports, tell: reported},
		{is: changesKeyring, tell: keyringUpdated},
		{is: func(l letter) bool { return strings.Contains(l.subject, ".changes INSTALLED") }, silent: "dak: installed (the old second notice of an upload)"},
		{is: toControl, silent: "dak: commands to the bug tracker (which tells what they did)"},
		{is: func(letter) bool { return true }, tell: noticed},
	}
}

// toControl finds what is sent to the bug tracker's control address: usertags
// without a subject, and until 2012 the tag "fixed" for uploads by others.
func toControl(l letter) bool {
	return slices.ContainsFunc(l.Header.Addresses("To"), func(a mail.Address) bool {
		return strings.HasPrefix(strings.ToLower(a.Email), "control@bugs.")
	})
}

// tell is what a letter that is no acceptance tells.
func tell(l letter) ([]event.Event, error) {
	for _, f := range forms() {
		if !f.is(l) {
			continue
		}
		if f.tell == nil {
			return nil, translate.Ignore(f.silent)
		}
		events, err := f.tell(l)
		if cut := cutError(""); errors.As(err, &cut) {
			return nil, translate.Poison("cut: the archive's notice (%s): %v", line(l.subject), err)
		}
		if err != nil {
			return nil, translate.Poison("the archive's notice (%s): %v", line(l.subject), err)
		}
		return events, nil
	}
	return nil, translate.Ignore("dak: nothing known") // the last form takes all
}
