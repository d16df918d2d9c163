package node

import (
	"runtime/debug"
	"time"
)

// linked is the version that a package was built as, by the linker's -X.
var linked string

// Version is the version that the build knows: the package's, the module's tag, or the
// commit.
func Version() string {
	if linked != "" {
		return linked
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	if commit := setting(info, "vcs.revision"); commit != "" {
		return "commit " + commit
	}
	return "development"
}

// BuiltFrom is when the commit was made that the program is built from; zero: the
// build does not know.
func BuiltFrom() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, setting(info, "vcs.time"))
	if err != nil {
		return time.Time{}
	}
	return t
}

func setting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
