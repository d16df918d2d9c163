// Package listen holds no code: its tests run the programs of docs/howto/listen-*.md as
// they stand there, against a publisher and a hub, and kill them.
package listen

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"busbar/common/config"
)

const docs = "../../docs/"

// A file of a page: its name, and its text.
var file = regexp.MustCompile("(?s)`([a-z]+\\.(?:go|sh|py|html))`:\n\n```(?:go|sh|python|html)\n(.*?)```")

// built is the folder of the real programs, made once for all tests.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "busbar-listen-")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-tags", "nodemo", "-o", dir, "busbar/mail2bus", "busbar/bus")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return dir, cmd.Run()
})

func TestMain(m *testing.M) {
	if err := os.Setenv(config.EtcVariable, "/nonexistent"); err != nil { // no test reads the machine's own
		panic(err)
	}
	code := m.Run()
	if dir, err := built(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// page is the text of a page.
func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(docs + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// unpack writes the files of a page into a folder, each of which must be wanted.
func unpack(t *testing.T, name, dir string, wanted ...string) {
	t.Helper()
	var found []string
	for _, m := range file.FindAllStringSubmatch(page(t, name), -1) {
		if err := os.WriteFile(filepath.Join(dir, m[1]), []byte(m[2]), 0o600); err != nil {
			t.Fatal(err)
		}
		found = append(found, m[1])
	}
	if strings.Join(found, " ") != strings.Join(wanted, " ") {
		t.Fatalf("%s has the files %q, want %q", name, found, wanted)
	}
}
