package mentors

import (
	"net/url"
	"strings"

	"busbar/common/event"
)

// A Package is what every event tells.
type Package struct {
	Package string `json:"package" doc:"the source package"`
	Version string `json:"version,omitempty" doc:"its version, where the mail tells it"`
	Suite   string `json:"suite,omitempty" doc:"the distribution that it is meant for, where the mail tells it"`
	Site    string `json:"site" doc:"the site: mentors.debian.net"`
	URL     string `json:"url" doc:"the package's page on the site"`
}

// Uploaded is the body of mentors.package.upload.
type Uploaded struct {
	Package
	By  string `json:"by,omitempty" doc:"who uploaded it, by name (until 2018)"`
	DSC string `json:"dsc,omitempty" doc:"where its .dsc file is"`
}

// Rejected is the body of mentors.package.reject.
type Rejected struct {
	Package     string `json:"package" doc:"the source package"`
	ChangesFile string `json:"changes_file,omitempty" doc:"name of the .changes file"`
	Site        string `json:"site" doc:"the site: mentors.debian.net"`
	Text        string `json:"text" doc:"why, at most 16 KiB"`
	Truncated   bool   `json:"truncated" doc:"text was cut"`
	URL         string `json:"url" doc:"the package's page on the site"`
}

// Commented is the body of mentors.package.comment.
type Commented struct {
	Package
	By        string `json:"by" doc:"who wrote, by name"`
	Text      string `json:"text" doc:"the comment, at most 16 KiB"`
	Truncated bool   `json:"truncated" doc:"text was cut"`
}

// Removed is the body of mentors.package.remove.
type Removed struct {
	Package
	Reason    string `json:"reason" doc:"why, at most 16 KiB"`
	Truncated bool   `json:"truncated" doc:"reason was cut"`
}

// OldPackage is what the site told of a package in each of its own messages
// (debexpo: PackageVersion.publish_data). What a mail does not tell is empty.
type OldPackage struct {
	Source       string `json:"source" doc:"the source package"`
	Version      string `json:"version" doc:"its version; empty where the mail does not tell it"`
	OwnerName    string `json:"owner_name" doc:"who uploaded it; empty where the mail does not tell it"`
	OwnerEmail   string `json:"owner_email" doc:"empty: no mail tells it"`
	Maintainer   string `json:"maintainer" doc:"empty: no mail tells it"`
	Section      string `json:"section" doc:"empty: no mail tells it"`
	Distribution string `json:"distribution" doc:"the distribution; empty where the mail does not tell it"`
	Component    string `json:"component" doc:"empty: no mail tells it"`
	Priority     string `json:"priority" doc:"empty: no mail tells it"`
	Closes       string `json:"closes" doc:"empty: no mail tells it"`
}

// OldUpload is the body of the old topic debexpo.package.upload.
type OldUpload struct {
	OldPackage
	Uploader string `json:"uploader" doc:"who uploaded it; empty where the mail does not tell it"`
}

// OldComment is the body of the old topic debexpo.package.comment.
type OldComment struct {
	OldPackage
	AuthorName  string `json:"author_name" doc:"who wrote, by name"`
	AuthorEmail string `json:"author_email" doc:"empty: no mail tells it"`
	Content     string `json:"content" doc:"the comment"`
	Outcome     string `json:"outcome" doc:"empty: no mail tells it"`
}

// OldRemoval is the body of the old topic debexpo.package.remove.
type OldRemoval struct {
	OldPackage
	Reason string `json:"reason" doc:"why"`
}

func oldPackage(p Package) OldPackage {
	return OldPackage{Source: p.Package, Version: p.Version, Distribution: p.Suite}
}

// Substance is what was written.
func (c Commented) Substance() []string { return []string{c.By, event.Gist(c.Text)} }

// Substance is why.
func (r Rejected) Substance() []string { return []string{event.Gist(r.Text)} }

var (
	uploadKind = event.Define("mentors.package.upload", "somebody without an account at the archive shows a package",
		func(b Uploaded) string {
			return strings.TrimSpace(b.Package.Package+" "+b.Version) + " was uploaded to " + b.Site + by(b.By)
		},
		func(b Uploaded) string { return b.URL })

	rejectKind = event.Define("mentors.package.reject", "a site for packages to be shown did not take one",
		func(b Rejected) string { return b.Site + " did not take " + b.Package },
		func(b Rejected) string { return b.URL })

	commentKind = event.Define("mentors.package.comment", "somebody wrote about a package that is shown",
		func(b Commented) string { return "a comment on " + b.Package.Package + " on " + b.Site + by(b.By) },
		func(b Commented) string { return b.URL })

	removeKind = event.Define("mentors.package.remove", "a package is no more shown",
		func(b Removed) string {
			return b.Package.Package + " was removed from " + b.Site + ": " + line(b.Reason)
		},
		func(b Removed) string { return b.URL })

	oldUploadKind = event.Define("debexpo.package.upload", "somebody without an account at the archive shows a package (old name)",
		func(b OldUpload) string {
			return strings.TrimSpace(b.Source+" "+b.Version) + " was uploaded" + by(b.Uploader)
		}, nil).Compat("debexpo")

	oldCommentKind = event.Define("debexpo.package.comment", "somebody wrote about a package that is shown (old name)",
		func(b OldComment) string { return "a comment on " + b.Source + by(b.AuthorName) }, nil).Compat("debexpo")

	oldRemoveKind = event.Define("debexpo.package.remove", "a package is no more shown (old name)",
		func(b OldRemoval) string { return b.Source + " was removed: " + line(b.Reason) }, nil).Compat("debexpo")
)

// Kinds is every kind that a site's mails yield.
func Kinds() event.Catalog {
	return event.Catalog{uploadKind, rejectKind, commentKind, removeKind, oldUploadKind, oldCommentKind, oldRemoveKind}
}

func by(name string) string {
	if name == "" {
		return ""
	}
	return " by " + name
}

// link is a package's page on a site; empty for no name of a host.
func link(site, name string) string {
	if !strings.Contains(site, ".") {
		return ""
	}
	return "https://" + site + "/package/" + url.PathEscape(name) + "/"
}
