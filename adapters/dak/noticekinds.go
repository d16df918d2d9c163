package dak

import (
	"fmt"
	"strings"

	"busbar/common/event"
)

var (
	holdKind = event.Define("dak.upload.hold", "an upload waits until a person of the archive's team has looked at it",
		func(b Held) string {
			return b.name() + " waits in the archive's queue: " + map[bool]string{true: "by hand", false: "it is new"}[b.Reason == "byhand"]
		},
		func(b Held) string { return Link(b.Package) })

	rejectKind = event.Define("dak.upload.reject", "an upload was rejected",
		func(b Rejected) string {
			s := b.name() + " was rejected"
			if b.RejectedBy != nil {
				s += " by " + b.RejectedBy.Short()
			}
			if len(b.Reasons) > 0 {
				s += ": " + line(b.Reasons[0])
			}
			return s
		},
		func(b Rejected) string { return Link(b.Package) })

	commentKind = event.Define("dak.upload.comment", "the archive's team wrote about an upload that waits",
		func(b Commented) string { return b.By.Short() + " comments on " + b.name() },
		func(b Commented) string { return Link(b.Package) })

	removeKind = event.Define("dak.package.remove", "packages were removed from a suite",
		func(b Removed) string {
			var names []string
			for _, p := range b.Packages[:min(len(b.Packages), 11)] {
				names = append(names, p.Package+" "+p.Version)
			}
			return few(names, ", ") + into(" left ", b.Suite) + ": " + line(b.Reason)
		},
		func(b Removed) string { return bugLink(b.Bug) })

	closeKind = event.Define("dak.bug.close", "the archive asks the bug tracker to close a bug: a version fixes it, or its package was removed",
		func(b BugClosed) string {
			if b.Removed {
				return fmt.Sprintf("bug #%d is to be closed: %s was removed", b.Bug, b.Package)
			}
			return fmt.Sprintf("bug #%d is fixed in %s %s", b.Bug, b.Package, b.Version)
		},
		func(b BugClosed) string { return bugLink(b.Bug) })

	overrideKind = event.Define("dak.override.update", "a package's section or priority was changed in the archive",
		func(b OverrideChanged) string {
			return fmt.Sprintf("the %s of %s changed from %s to %s", b.What, b.Package, b.From, b.To)
		},
		func(b OverrideChanged) string { return bugLink(b.Bug) })

	disparityKind = event.Define("dak.override.warn", "an upload names another section or priority than the archive's (until 2012)",
		func(b OverrideWarned) string {
			return b.Package + " disagrees with the archive's overrides in " + count(len(b.Items), "place")
		},
		func(b OverrideWarned) string { return Link(b.Package) })

	commandKind = event.Define("dak.command.process", "a signed file of commands to the archive was processed",
		func(b Commanded) string {
			s := "the archive processed " + count(len(b.Actions), "command") + " of " + b.Uploader.Short() + " in " + b.File
			if b.Error != "" {
				s += ": " + line(b.Error)
			}
			return s
		}, nil)

	accountKind = event.Define("dak.account.create", "an account for uploads was opened (only with [mail] private = true)",
		func(b AccountOpened) string { return b.Person.Short() + " may upload on " + b.Host }, nil)

	transitionKind = event.Define("dak.transition.complete", "transitions are over, and no more block uploads",
		func(b Transitioned) string { return "transitions are over: " + few(b.Transitions, ", ") }, nil)

	reportKind = event.Define("dak.queue.report", "the archive's daily report of the uploads that wait in its queues",
		func(b QueueReported) string {
			return count(len(b.Waiting), "package") + " " + map[bool]string{true: "waits", false: "wait"}[len(b.Waiting) == 1] + " in the archive's queues on " + b.Date
		}, nil)

	keyringKind = event.Define("dak.keyring.update", "keys came to a keyring of the archive, or left it",
		func(b KeyringUpdated) string {
			return "the keyring " + b.Keyring + " changed: " + count(len(b.Added), "key") + " added, " + fmt.Sprint(len(b.Removed)) + " removed"
		}, nil)

	noticeKind = event.Define("dak.notice.send", "the archive's software wrote to people",
		func(b Noticed) string {
			if b.Subject == "" {
				first, _, _ := strings.Cut(b.Text, "\n")
				return "the archive says: " + line(first)
			}
			return "the archive says: " + line(b.Subject)
		},
		func(b Noticed) string { return Link(b.Package) })

	queueKindOf = event.Define("queued.upload.process", "the queue daemon passed an upload on to the archive, or could not",
		func(b QueueProcessed) string {
			if b.Result == "uploaded" {
				return b.ChangesFile + " was passed on to " + b.Host
			}
			first, _, _ := strings.Cut(b.Text, "\n")
			return b.ChangesFile + " stays in the upload queue: " + line(first)
		}, nil)

	queueWarnKind = event.Define("queued.upload.warn", "files lie in the upload queue without a .changes file, and will be deleted",
		func(b QueueWarned) string {
			s := "an upload without a .changes file waits in the queue: " + few(b.Files, ", ")
			if b.Within != "" {
				s += " (deleted within " + b.Within + ")"
			}
			return s
		}, nil)

	queueCommandKind = event.Define("queued.command.process", "the queue daemon processed a file of commands",
		func(b QueueCommanded) string {
			return "the upload queue processed " + count(len(b.Commands), "command") + " in " + b.File
		}, nil)
)

func noticeKinds() event.Catalog {
	return event.Catalog{
		holdKind, rejectKind, commentKind, removeKind, closeKind, overrideKind, disparityKind,
		commandKind, accountKind, transitionKind, noticeKind, reportKind, keyringKind, queueKindOf, queueCommandKind, queueWarnKind,
	}
}

// name is "hello 2.10-3", or the name of the file.
func (r Reference) name() string {
	if r.Package == "" || r.Version == "" {
		return r.ChangesFile
	}
	return r.Package + " " + r.Version
}

// count is "1 place", "2 places".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
