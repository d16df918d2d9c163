package hook

import (
	"io"
	"os"
)

const (
	// DefaultDir is where the spool is unless somebody says otherwise.
	DefaultDir = "/var/spool/busbar/scm"
	// PathFile may hold another place, in its first line.
	PathFile = "/etc/busbar/scmhook.spool"
	// DirVariable is the environment's way to say it.
	DirVariable = "BUSBAR_SCM_SPOOL"
	etcVariable = "BUSBAR_ETC" // common/config's, instead of /etc/busbar
)

// Dir is where the spool is when no flag says it: the environment, PathFile,
// DefaultDir.
func Dir(getenv func(string) string) string {
	if dir := getenv(DirVariable); dir != "" {
		return dir
	}
	if etc := getenv(etcVariable); etc != "" {
		return fromFile(etc + "/scmhook.spool")
	}
	return fromFile(PathFile)
}

func fromFile(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return DefaultDir
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return DefaultDir
	}
	end := 0
	for end < len(b) && b[end] != '\n' && b[end] != '\r' {
		end++
	}
	for end > 0 && b[end-1] == ' ' {
		end--
	}
	if end == 0 || b[0] != '/' {
		return DefaultDir
	}
	return string(b[:end])
}
