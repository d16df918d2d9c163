package dak

import (
	"strings"

	"busbar/common/event"
)

var (
	sourceKind = event.Define("dak.source.accept", "an upload with source was accepted into the archive",
		func(b SourceAccepted) string { return b.uploaded() + into(" to ", b.Suite) },
		func(b SourceAccepted) string { return Link(b.Package) })

	binaryKind = event.Define("dak.binary.accept", "binaries of a package were accepted into the archive",
		func(b BinaryAccepted) string {
			what := "binaries of "
			if b.BinNMU {
				what = "rebuilt binaries of "
			}
			return what + b.name() + " were accepted" + into(" into ", b.Suite)
		},
		func(b BinaryAccepted) string { return Link(b.Package) })

	queueKind = event.Define("dak.upload.queue", "an upload was accepted into a policy queue",
		func(b Queued) string {
			s := b.uploaded() + into(" for ", b.Suite) + "; it waits in "
			if b.Queue == "" {
				return s + "a policy queue"
			}
			return s + b.Queue
		},
		func(b Queued) string { return Link(b.Package) })

	oldUploadKind = event.Define("debmessenger.package.upload",
		"an upload with source was accepted into the archive (old name): the fields of its .changes file",
		func(b OldUpload) string {
			who := b.text("Changed-By")
			if i := strings.Index(who, " <"); i > 0 {
				who = who[:i]
			}
			return strings.Join([]string{who, "uploaded", b.text("Source"), b.text("Version"), "to", b.text("Distribution")}, " ")
		},
		func(b OldUpload) string {
			name, _, _ := strings.Cut(b.text("Source"), " ")
			return Link(name)
		}).Compat("debmessenger")
)

// Kinds is every kind that the archive's mails yield.
func Kinds() event.Catalog {
	return append(event.Catalog{sourceKind, binaryKind, queueKind, oldUploadKind}, noticeKinds()...)
}

// name is "hello 2.10-3 (source all)".
func (u Upload) name() string {
	return u.Package + " " + u.Version + " (" + few(u.Architecture, " ") + ")"
}

func (u Upload) uploaded() string { return u.Person.Short() + " uploaded " + u.name() }

func into(word string, suites []string) string {
	if len(suites) == 0 {
		return ""
	}
	return word + few(suites, ", ")
}

// few keeps a sentence short whatever a list holds.
func few(words []string, sep string) string {
	const most = 10
	if len(words) > most {
		return strings.Join(words[:most], sep) + sep + "…"
	}
	return strings.Join(words, sep)
}

func (b OldUpload) text(field string) string {
	s, _ := b[field].(string)
	return line(strings.Join(strings.Fields(s), " ")) // no line breaks of any kind
}
