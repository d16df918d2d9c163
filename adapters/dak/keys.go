package dak

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// UploadKey names the fact that an upload came to suites: source, version,
// architectures and suites in any order, and what was done with it: "accept",
// or "queue/NAME". Both mails about an upload can build it, also those from
// before 2022 that do not name the .changes file; the file's own name could
// not be used for that reason.
//
// The suites are those of the mail. Announcements before July 2014 name none;
// there the .changes file's Distribution stands in, which differs where the
// archive maps suites (stable to proposed-updates): only then do an old
// announcement and its maintainer's copy count as two.
func UploadKey(source, version string, architectures, suites []string, action string) string {
	to := set(suites)
	if strings.Contains(to+"/", "/queue/") { // no suite is called so; it could be taken for the action
		to = digest(to)
	}
	return "upload/" + source + "_" + version + "/" + set(architectures) + "/" + to + "/" + action
}

// RemovalKey names the fact that packages were removed from suites: the same for
// the mails that say it to each bug, and for the archive's log.
func RemovalKey(suites []string, packages []RemovedPackage) string {
	var rows []string
	for _, p := range packages {
		row := p.Package + "_" + p.Version + " [" + strings.Join(slices.Sorted(slices.Values(p.Architecture)), ",") + "]"
		if p.Source {
			row += " source"
		}
		rows = append(rows, row)
	}
	return "removal/" + set(suites) + "/" + digest(strings.Join(slices.Sorted(slices.Values(rows)), "\n"))
}

// BugKey names the fact that the archive closes a bug, for a version of a package.
func BugKey(bug int, source, version string) string {
	return fmt.Sprintf("bug/%d/close/%s_%s", bug, source, version)
}

// number reads digits; 0 if they are none.
func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n > 999_999_999 {
		return 0
	}
	return n
}

// set writes words in one order, each once. A list that no real upload has
// becomes its digest.
func set(words []string) string {
	const most = 1000
	sorted := slices.Sorted(slices.Values(words))
	s := strings.Join(slices.Compact(sorted), ",")
	if len(s) > most || strings.HasPrefix(s, digestMark) {
		return digest(s)
	}
	return s
}

const digestMark = "sha256:"

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return digestMark + hex.EncodeToString(sum[:])
}

// Link is a source package's page.
func Link(source string) string {
	if source == "" {
		return ""
	}
	return "https://tracker.debian.org/pkg/" + url.PathEscape(source)
}

// bugLink is a bug's page.
func bugLink(bug int) string {
	if bug <= 0 {
		return ""
	}
	return fmt.Sprintf("https://bugs.debian.org/%d", bug)
}
