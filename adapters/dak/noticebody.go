package dak

import "busbar/common/event"

// A Reference names the upload that a notice is about, as far as the mail tells.
type Reference struct {
	Package      string   `json:"package" doc:"the source package; empty if the mail does not tell"`
	Version      string   `json:"version" doc:"the upload's version; in mails before 2022, which tell only the file's name, without epoch"`
	Architecture []string `json:"architecture" doc:"source, all, amd64, …: what the upload holds"`
	ChangesFile  string   `json:"changes_file" doc:"name of the .changes file"`
	Program      string   `json:"program,omitempty" doc:"the archive program that sent the mail: process-upload, process-policy, …"`
	URL          string   `json:"url" doc:"the package's page"`
}

// Held is the body of dak.upload.hold.
type Held struct {
	Reference
	Reason     string   `json:"reason" doc:"new: it holds what the archive did not have; byhand: it holds files that a person installs"`
	Components []string `json:"components" doc:"what is new or to be installed, such as source:NAME, binary:NAME or a file's name; at most 2000"`
}

// Rejected is the body of dak.upload.reject.
type Rejected struct {
	Reference
	Automatic  bool          `json:"automatic" doc:"the archive's software rejected it, and no person"`
	RejectedBy *event.Person `json:"rejected_by,omitempty" doc:"who rejected it"`
	Reasons    []string      `json:"reasons" doc:"what the software found, a paragraph each; empty if a person rejected it: see text"`
	Text       string        `json:"text" doc:"the reasons as they were written, at most 64 KiB"`
	Truncated  bool          `json:"truncated" doc:"text or reasons were cut"`
	Queue      string        `json:"queue,omitempty" doc:"the suite that it waited for, where it was rejected after that: proposed-updates"`
	Accepted   bool          `json:"accepted" doc:"it had been accepted before, and failed as it was installed (until 2012)"`
}

// Commented is the body of dak.upload.comment.
type Commented struct {
	Reference
	By        event.Person `json:"by" doc:"who of the archive's team writes"`
	Text      string       `json:"text" doc:"the comment, at most 64 KiB"`
	Truncated bool         `json:"truncated" doc:"text was cut"`
}

// Removed is the body of dak.package.remove.
type Removed struct {
	Packages  []RemovedPackage `json:"packages" doc:"what was removed"`
	Suite     []string         `json:"suite" doc:"the suites that it was removed from"`
	Reason    string           `json:"reason" doc:"why, as the archive's team wrote it, such as RoM; obsolete"`
	Bug       int              `json:"bug,omitempty" doc:"the bug that asked for it; removals without one are told by no mail"`
	AlsoBugs  []int            `json:"also_bugs" doc:"other bugs that are closed with it, where the archive's log tells them"`
	By        string           `json:"by,omitempty" doc:"who removed it, by name"`
	Date      string           `json:"date,omitempty" doc:"when, RFC 3339 in UTC"`
	Truncated bool             `json:"truncated" doc:"reason was cut"`
	URL       string           `json:"url" doc:"the bug's page; empty without a bug"`
}

// A RemovedPackage is one version of a package that left a suite.
type RemovedPackage struct {
	Package      string   `json:"package" doc:"a source package, or a binary one"`
	Version      string   `json:"version" doc:"the version that was removed"`
	Architecture []string `json:"architecture" doc:"the architectures whose binaries of this name were removed"`
	Source       bool     `json:"source" doc:"the source of this name was removed"`
}

// BugClosed is the body of dak.bug.close.
type BugClosed struct {
	Bug         int           `json:"bug" doc:"the bug that the archive asks the tracker to close; the tracker's debbugs.bug.close confirms it"`
	Package     string        `json:"package" doc:"the source package"`
	Version     string        `json:"version" doc:"the version that fixes it, or with removed the last one that there was"`
	By          *event.Person `json:"by,omitempty" doc:"who uploaded the version"`
	ChangesText string        `json:"changes_text,omitempty" doc:"the changelog entries, without indent, at most 64 KiB"`
	Truncated   bool          `json:"truncated" doc:"changes_text was cut"`
	Removed     bool          `json:"removed" doc:"it is closed because the package was removed"`
	RemovalBug  int           `json:"removal_bug,omitempty" doc:"the bug that asked for the removal"`
	URL         string        `json:"url" doc:"the bug's page"`
}

// OverrideChanged is the body of dak.override.update.
type OverrideChanged struct {
	Package string `json:"package" doc:"a source package, or a binary one"`
	Suite   string `json:"suite,omitempty" doc:"the suite whose overrides were changed"`
	What    string `json:"what" doc:"section or priority"`
	From    string `json:"from" doc:"the value before"`
	To      string `json:"to" doc:"the value now"`
	Bug     int    `json:"bug,omitempty" doc:"the bug that asked for it"`
	URL     string `json:"url" doc:"the bug's page"`
}

// OverrideWarned is the body of dak.override.warn.
type OverrideWarned struct {
	Package string       `json:"package" doc:"the source package"`
	Items   []Difference `json:"items" doc:"where the upload and the archive's overrides disagree; at most 2000"`
	URL     string       `json:"url" doc:"the package's page"`
}

// A Difference is one file of which an upload says something else than the archive.
type Difference struct {
	File         string `json:"file" doc:"the file's name"`
	Field        string `json:"field" doc:"section or priority"`
	PackageSays  string `json:"package_says" doc:"the upload's value"`
	OverrideSays string `json:"override_says" doc:"the archive's value, which counts"`
}

// Commanded is the body of dak.command.process.
type Commanded struct {
	File      string       `json:"file" doc:"name of the file of commands"`
	Actions   []Action     `json:"actions" doc:"what was asked for, a section each, and what came of it; at most 200"`
	Error     string       `json:"error,omitempty" doc:"why the rest was not done"`
	Uploader  event.Person `json:"uploader" doc:"who sent the file"`
	Truncated bool         `json:"truncated" doc:"actions were cut"`
}

// An Action is one section of a file of commands.
type Action struct {
	Action  string   `json:"action" doc:"dm: permissions of a Debian Maintainer; dm-remove, dm-migrate, …"`
	Key     string   `json:"key,omitempty" doc:"fingerprint of the key that it is about"`
	NewKey  string   `json:"new_key,omitempty" doc:"the key that takes its place (dm-migrate)"`
	Allow   []string `json:"allow" doc:"packages that the key may upload from now on, as asked"`
	Deny    []string `json:"deny" doc:"packages that it may not, as asked"`
	Reason  string   `json:"reason,omitempty" doc:"why, as asked"`
	Results []string `json:"results" doc:"what the archive answers, such as Allowed: PACKAGE"`
	Failed  bool     `json:"failed" doc:"it was not done: see error"`
}

// Transitioned is the body of dak.transition.complete.
type Transitioned struct {
	Transitions []string     `json:"transitions" doc:"names of the transitions that are over"`
	Details     []Transition `json:"details" doc:"each as far as the mail describes it"`
	Text        string       `json:"text" doc:"the mail's text, at most 64 KiB"`
	Truncated   bool         `json:"truncated" doc:"text was cut"`
}

// A Transition blocked uploads until a version of a package was in testing.
type Transition struct {
	Name        string   `json:"name" doc:"its name"`
	Package     string   `json:"package" doc:"the source package that was waited for"`
	Version     string   `json:"version" doc:"the version that was waited for"`
	Responsible string   `json:"responsible" doc:"who was responsible, by name"`
	Description string   `json:"description" doc:"what it was about"`
	Blocked     []string `json:"blocked" doc:"packages whose uploads were blocked; at most 2000"`
}

// Noticed is the body of dak.notice.send.
type Noticed struct {
	Subject     string `json:"subject" doc:"decoded; at most 200 bytes"`
	Text        string `json:"text" doc:"the mail's text, at most 16 KiB"`
	Truncated   bool   `json:"truncated" doc:"text was cut"`
	Package     string `json:"package,omitempty" doc:"the source package, if it is about one"`
	Version     string `json:"version,omitempty" doc:"the upload's version, if it is about one"`
	ChangesFile string `json:"changes_file,omitempty" doc:"name of the .changes file, if it is about an upload"`
	Program     string `json:"program,omitempty" doc:"the archive program that sent the mail"`
}

// AccountOpened is the body of dak.account.create.
type AccountOpened struct {
	Host    string       `json:"host" doc:"where the account is"`
	Account string       `json:"account" doc:"its name"`
	Key     string       `json:"key" doc:"fingerprint of the key that uploads are signed with"`
	Person  event.Person `json:"person" doc:"whose it is"`
}

// QueueProcessed is the body of queued.upload.process.
type QueueProcessed struct {
	ChangesFile string   `json:"changes_file" doc:"name of the .changes file"`
	Packages    []string `json:"packages" doc:"the source packages that the daemon saw in it"`
	Result      string   `json:"result" doc:"uploaded: it was handed to the archive; error: see text"`
	Host        string   `json:"host,omitempty" doc:"where it was uploaded to"`
	Files       []string `json:"files" doc:"the files that were uploaded with it; at most 2000"`
	Daemon      string   `json:"daemon" doc:"the host that the queue daemon runs on"`
	Text        string   `json:"text" doc:"what the daemon says, at most 16 KiB"`
	Truncated   bool     `json:"truncated" doc:"text was cut"`
}

// QueueCommanded is the body of queued.command.process.
type QueueCommanded struct {
	File      string   `json:"file" doc:"name of the file of commands"`
	Commands  []string `json:"commands" doc:"the commands that were carried out or refused; at most 200"`
	Daemon    string   `json:"daemon" doc:"the host that the queue daemon runs on"`
	Text      string   `json:"text" doc:"what the daemon says, at most 16 KiB"`
	Truncated bool     `json:"truncated" doc:"text was cut"`
}

// QueueReported is the body of dak.queue.report.
type QueueReported struct {
	Date      string    `json:"date" doc:"the day of the report"`
	Waiting   []Waiting `json:"waiting" doc:"what waits, in the report's order; at most 2000"`
	Truncated bool      `json:"truncated" doc:"waiting was cut"`
}

// Waiting is one package in a queue.
type Waiting struct {
	Queue        string   `json:"queue" doc:"new, byhand, or a policy queue's name"`
	Package      string   `json:"package" doc:"the source package"`
	Versions     []string `json:"versions" doc:"its versions that wait"`
	Architecture []string `json:"architecture" doc:"source, all, amd64, …: what the uploads hold"`
	Age          string   `json:"age,omitempty" doc:"how long it waits, as the report says: 2 days"`
	State        string   `json:"state,omitempty" doc:"what the report says in the place of an age: who has it in work"`
	Notes        bool     `json:"notes" doc:"the archive's team left notes on it"`
}

// KeyringUpdated is the body of dak.keyring.update.
type KeyringUpdated struct {
	Keyring   string     `json:"keyring" doc:"debian-maintainers"`
	Added     []OwnedKey `json:"added" doc:"keys that came; at most 2000"`
	Removed   []OwnedKey `json:"removed" doc:"keys that left; at most 2000"`
	Truncated bool       `json:"truncated" doc:"added or removed was cut"`
}

// An OwnedKey is an OpenPGP key, and whose it is.
type OwnedKey struct {
	Key   string       `json:"key" doc:"fingerprint, or a long key ID"`
	Owner event.Person `json:"owner" doc:"who has it, by the key's user ID"`
}

// QueueWarned is the body of queued.upload.warn.
type QueueWarned struct {
	Files     []string `json:"files" doc:"the files that lie in the queue; at most 2000"`
	Within    string   `json:"within,omitempty" doc:"after which time they are deleted, as the daemon says: 24 hours"`
	Daemon    string   `json:"daemon" doc:"the host that the queue daemon runs on"`
	Truncated bool     `json:"truncated" doc:"files was cut"`
}
