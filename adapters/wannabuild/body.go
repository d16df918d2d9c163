package wannabuild

import (
	"net/url"
	"strconv"
	"strings"

	"busbar/common/dbrow"
)

// A Package is what every event about a package in the queue tells.
type Package struct {
	Package      string `json:"package" doc:"the source package"`
	Version      string `json:"version" doc:"the version; of a binary rebuild it ends in +bN"`
	Suite        string `json:"suite" doc:"the suite, wanna-build's distribution"`
	Architecture string `json:"architecture" doc:"the architecture, or all"`
	State        string `json:"state" doc:"the state now, as wanna-build spells it; deleted when the row is gone"`
	Previous     string `json:"previous" doc:"the state before; empty where there was none or it is not known"`
	Changed      string `json:"changed,omitempty" doc:"when the state was reached: the start of the writer's transaction, RFC 3339 in UTC"`
	Builder      string `json:"builder,omitempty" doc:"the build daemon that has, or had, the package"`
	Notes        string `json:"notes,omitempty" doc:"uncompiled, out-of-date, related, or why it is excluded"`
	Action       string `json:"action,omitempty" doc:"what the log says was done, such as --take; only where the log can be read"`
	User         string `json:"user,omitempty" doc:"in whose name it was done; only from the log"`
	RealUser     string `json:"real_user,omitempty" doc:"the account that did it; only from the log"`
	Repeated     bool   `json:"repeated,omitempty" doc:"the action left the state as it was, such as a second failure text; only the log tells it"`
	BuildArchAll bool   `json:"build_arch_all" doc:"the architecture-independent packages are built along"`
	URL          string `json:"url" doc:"the package's page"`
}

// Queued is the body of wannabuild.build.queue.
type Queued struct {
	Package
	Reason string `json:"reason" doc:"uncompiled, out-of-date, related: why it is to be built"`
}

// Blocked is the body of wannabuild.build.block.
type Blocked struct {
	Package
	Problem   string `json:"problem" doc:"why the build dependencies cannot be installed"`
	Truncated bool   `json:"truncated" doc:"problem was cut"`
}

// Installed is the body of wannabuild.build.install.
type Installed struct {
	Package
	InstalledVersion string `json:"installed_version" doc:"the version that the archive has"`
}

// Waiting is the body of wannabuild.build.wait.
type Waiting struct {
	Package
	Depends   string `json:"depends" doc:"the packages that it waits for, a Debian dependency field"`
	Truncated bool   `json:"truncated,omitempty" doc:"depends was cut"`
}

// Failed is the body of wannabuild.build.fail.
type Failed struct {
	Package
	Reason    string `json:"reason" doc:"the failure's text; only from the state table"`
	Category  string `json:"category,omitempty" doc:"the failure's category"`
	Truncated bool   `json:"truncated" doc:"reason was cut"`
}

// Excluded is the body of wannabuild.build.exclude.
type Excluded struct {
	Package
	Automatic bool `json:"automatic" doc:"by a rule (Auto-Not-For-Us), not by hand"`
}

// Rebuild is the body of wannabuild.binnmu.request and .cancel.
type Rebuild struct {
	Package
	BinNMUVersion int    `json:"binnmu_version,omitempty" doc:"N of +bN; absent where it is not known or cancelled"`
	Changelog     string `json:"changelog,omitempty" doc:"why"`
	Truncated     bool   `json:"truncated,omitempty" doc:"changelog was cut"`
}

// Updated is the body of wannabuild.package.update.
type Updated struct {
	Package
	Field     string `json:"field" doc:"the column, as the database names it"`
	From      string `json:"from" doc:"its value before; empty for NULL"`
	To        string `json:"to" doc:"its value now; empty for NULL"`
	Truncated bool   `json:"truncated" doc:"a value was cut"`
}

// Recorded is the body of wannabuild.log.record.
type Recorded struct {
	Package      string `json:"package" doc:"the source package"`
	Version      string `json:"version" doc:"the version that was built"`
	Suite        string `json:"suite" doc:"the suite, wanna-build's distribution"`
	Architecture string `json:"architecture" doc:"the architecture, or all"`
	Result       string `json:"result" doc:"successful, attempted, failed, given-back, …: as the log's reader wrote it"`
	BuildTime    int    `json:"build_time" doc:"seconds"`
	DiskSpace    int64  `json:"disk_space" doc:"bytes"`
	Builder      string `json:"builder" doc:"the build daemon"`
	Time         string `json:"time" doc:"when the build ended, RFC 3339 in UTC"`
	URL          string `json:"url" doc:"the package's build logs"`
}

// Replaced is the body of wannabuild.database.replace.
type Replaced struct {
	Why  string `json:"why" doc:"how it was noticed"`
	From string `json:"from" doc:"what the database was known by"`
	To   string `json:"to" doc:"what it is known by now"`
	Time string `json:"time" doc:"when it was noticed, RFC 3339 in UTC"`
}

// Link is the page of a package in a suite.
func Link(pkg, suite string) string {
	if pkg == "" {
		return ""
	}
	return "https://buildd.debian.org/status/package.php?p=" + url.QueryEscape(pkg) + "&suite=" + url.QueryEscape(suite)
}

func logLink(row dbrow.Columns) string {
	return "https://buildd.debian.org/status/logs.php?pkg=" + url.QueryEscape(word(row, "package")) +
		"&arch=" + url.QueryEscape(word(row, "architecture"))
}

// effective is the version that a binNMU makes. (Taken with an explicit +bN,
// wanna-build writes that into the version itself.)
func effective(version string, n int) string {
	suffix := "+b" + strconv.Itoa(n)
	if n <= 0 || version == "" || strings.HasSuffix(version, suffix) {
		return version
	}
	return version + suffix
}
