package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"busbar/common/archive"
	"busbar/common/program"
	"busbar/common/programtest"
	"busbar/fixtures/ports"
)

// TestToldToEndBeforeItBegins: a daemon that is told to end while it opens its files has
// not failed, nor is it wrongly configured.
func TestToldToEndBeforeItBegins(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	a, err := archive.Open(t.Context(), archive.Options{Path: path("full.db")})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	address, err := ports.Address()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path("rules"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"rules/people.toml": "[people.nora]\nto = [\"mail:nora@example.org\"]\n[[people.nora.rules]]\nname = \"all\"\nfilter = \"topic:bugs\"\n",
		"badges.toml":       "[[badge]]\nname = \"one\"\ntitle = \"One\"\ntext = \"did it\"\ncriterion = \"count\"\nquery = \"topic:dak.source.accept\"\nlevels = [1]\n",
		"bus.toml": `[bus]
subscribe = ["tcp://127.0.0.1:1"]
[sign]
backend = "none"
[hub]
listen = "` + address + `"
archive = "` + path("archive.db") + `"
[forward]
to = ["nats://127.0.0.1:1"]
stream = "BUS"
position = "` + path("forward") + `"
[notify]
rules = "` + path("rules") + `"
outbox = "` + path("outbox.db") + `"
[notify.mail]
server = "127.0.0.1:1"
from = "bus@example.org"
[badges]
rules = "` + path("badges.toml") + `"
archive = "` + path("full.db") + `"
file = "` + path("badges.db") + `"
journal = "` + path("badges.journal.db") + `"
`,
	} {
		if err := os.WriteFile(path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ended, end := context.WithCancel(context.Background())
	end()
	for _, args := range [][]string{
		{"hub", "--no-verify"}, {"forward", "--no-verify"}, {"notify", "run", "--no-verify"}, {"badges", "run"},
		{"tail", "--no-verify"}, {"tail", "--no-verify", "--position", path("tail")},
		{"trigger", "--no-verify", "--position", path("trigger"), "--", "/bin/true"},
	} {
		var out bytes.Buffer
		p := &program.Env{Name: "bus", Stdin: &out, Stdout: &out, Stderr: &out, Getenv: programtest.NothingSet, Context: ended}
		if code := run(p, append([]string{"--config", path("bus.toml")}, args...)); code != 0 {
			t.Errorf("bus %q, told to end: %d: %s", args, code, out.String())
		}
	}
}
