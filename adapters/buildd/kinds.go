package buildd

import (
	"net/url"

	"busbar/common/event"
	"busbar/common/runes"
)

// Ended is the body of buildd.log.send.
type Ended struct {
	Package      string `json:"package" doc:"the source package"`
	Version      string `json:"version" doc:"the version; of a binary rebuild it ends in +bN"`
	Architecture string `json:"architecture" doc:"what it was built for: amd64, all, …; source for a source package alone"`
	Suite        string `json:"suite" doc:"the distribution that it was built for"`
	Archive      string `json:"archive,omitempty" doc:"the archive that it was built for, where the daemon serves several"`
	Result       string `json:"result" doc:"successful, attempted, given-back, failed, skipped, …"`
	FailStage    string `json:"fail_stage,omitempty" doc:"where it failed, such as build or install-deps"`
	Builder      string `json:"builder" doc:"the build daemon's address"`
	BuildTime    int    `json:"build_time,omitempty" doc:"seconds that the build took"`
	DiskSpace    int64  `json:"disk_space,omitempty" doc:"KiB that the build took"`
	URL          string `json:"url" doc:"the package's page of builds"`
}

// Noticed is the body of buildd.notice.send.
type Noticed struct {
	Subject   string `json:"subject" doc:"decoded; at most 200 bytes"`
	Text      string `json:"text" doc:"the mail's text, at most 16 KiB"`
	Truncated bool   `json:"truncated" doc:"text was cut"`
	Package   string `json:"package,omitempty" doc:"the source package, if it is about one"`
}

// Substance is how the build ended.
func (e Ended) Substance() []string { return []string{e.Result} }

// Substance is what the text says.
func (n Noticed) Substance() []string { return []string{event.Gist(n.Text)} }

var (
	logKind = event.Define("buildd.log.send", "a build daemon sent the log of a build",
		func(b Ended) string {
			s := "the build of " + b.Package + " " + b.Version + " for " + b.Suite + "/" + b.Architecture + " ended: " + b.Result
			if b.FailStage != "" {
				s += " (" + b.FailStage + ")"
			}
			return s
		},
		func(b Ended) string { return b.URL })

	noticeKind = event.Define("buildd.notice.send", "a build daemon, or their queue, wrote to people",
		func(b Noticed) string { return "the build daemons say: " + b.Subject }, nil)
)

// Kinds is every kind that build daemons' mails yield.
func Kinds() event.Catalog { return event.Catalog{logKind, noticeKind} }

// page is where a package's builds are shown.
func page(source, suite string) string {
	return "https://buildd.debian.org/status/package.php?p=" + url.QueryEscape(source) + "&suite=" + url.QueryEscape(suite)
}

const (
	maxLine = 200
	maxText = 16 << 10
)

func line(s string) string {
	s, _ = runes.Cut(s, maxLine)
	return s
}
