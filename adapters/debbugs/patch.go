package debbugs

import (
	"strings"

	"busbar/common/pattern"
)

var patchName = pattern.New(`(?i)\.(?:patch|diff|debdiff)(?:\.txt|\.gz|\.bz2|\.xz|\.zst)?$`)

// isPatch tells a patch by what its sender calls it.
func isPatch(name, mediaType string) bool {
	switch mediaType {
	case "text/x-diff", "text/x-patch", "text/diff", "text/patch", "application/x-patch", "application/x-diff":
		return true
	}
	return patchName.MatchString(name)
}

// hasPatch finds a unified diff in a text: the names of both files and a hunk, in
// lines one below the other. Each line may be quoted or indented alike.
func hasPatch(text string) bool {
	const longest = 20 // of what stands before "--- "
	var before, last string
	step := 0
	for l := range strings.Lines(text) {
		if i := strings.Index(l, "--- "); i >= 0 && i < longest && (i == 0 || strings.Trim(l[:i], " \t>|") == "") {
			before, step = l[:i], 1
			continue
		}
		last, step = next(l, before, step)
		if last != "" {
			return true
		}
	}
	return false
}

// next follows the lines of a diff's head; found is the hunk's line at its end.
func next(l, before string, step int) (found string, now int) {
	rest, ok := strings.CutPrefix(l, before)
	switch {
	case step == 1 && ok && strings.HasPrefix(rest, "+++ "):
		return "", 2
	case step == 2 && ok && strings.HasPrefix(rest, "@@ -"):
		return rest, 0
	}
	return "", 0
}
