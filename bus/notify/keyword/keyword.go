// Package keyword sorts events as Debian's package tracker sorts mails: by the keywords
// that its subscribers' filters know (distro-tracker's X-Distro-Tracker-Keyword, before
// it X-PTS-Keyword). The table is the one place where a kind gets its keyword.
package keyword

import (
	"slices"
	"strings"
)

// The keywords: those of distro-tracker (distro_tracker/vendor/debian/rules.py, and its
// list of default keywords) to which something here belongs.
const (
	Default      = "default"
	BTS          = "bts"
	BTSControl   = "bts-control"
	UploadSource = "upload-source"
	UploadBinary = "upload-binary"
	Archive      = "archive"
	Build        = "build"
	VCS          = "vcs"
	Summary      = "summary"
	Contact      = "contact"
	Derivatives  = "derivatives"
	Security     = "security" // not the tracker's: it has no mails of its own for advisories
)

// All are the keywords, sorted.
func All() []string {
	return []string{Archive, BTS, BTSControl, Build, Contact, Default, Derivatives, Security, Summary, UploadBinary, UploadSource, VCS}
}

// Usual are those that a subscription has unless its person says otherwise, sorted: the
// tracker's default keywords, and security.
func Usual() []string {
	return []string{Archive, BTS, BTSControl, Contact, Default, Security, Summary, UploadSource}
}

// Known says whether there is such a keyword.
func Known(word string) bool { return slices.Contains(All(), word) }

// table gives the keyword of topics that begin so, in whole parts; the longest counts.
var table = map[string]string{
	"britney":                     Summary,
	"buildd":                      Build,
	"badges":                      Default,
	"busbar":                      Default,
	"dak":                         Archive,
	"dak.source.accept":           UploadSource,
	"dak.binary.accept":           UploadBinary,
	"dak.bug.close":               BTS,
	"debmessenger.package.upload": UploadSource,
	"debmessenger.bug":            BTS,
	"queued":                      Archive,
	"debbugs":                     BTSControl,
	"debbugs.bug.create":          BTS,
	"debbugs.bug.comment":         BTS,
	"debbugs.bug.close":           BTS,
	"debbugs.bug.forward":         BTS,
	"lists":                       Contact,
	"mentors":                     Default,
	"mentors.package.upload":      UploadSource,
	"debexpo":                     Default,
	"debexpo.package.upload":      UploadSource,
	"release":                     Summary,
	"scm":                         VCS,
	"security":                    Security,
	"wannabuild":                  Build,
	"wannabuild.database":         Default,
}

// Of is the keyword of a topic without prefix and environment.
func Of(bare string) string {
	for part := bare; ; {
		if word, ok := table[part]; ok {
			return word
		}
		i := strings.LastIndexByte(part, '.')
		if i < 0 {
			return Default
		}
		part = part[:i]
	}
}
