// Package contrib holds no code: its tests run the samples beside it.
package contrib

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// A mail that the procmail recipe wants.
const mail = "From: Jane Doe <jane@example.org>\nList-Id: <cooks.example.org>\nMessage-ID: <1@example.org>\n" +
	"Date: Mon, 06 Jul 2026 10:00:00 +0000\nSubject: Soup\n\nIs ready.\n"

// built is the folder of the real programs, made once for all tests.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "busbar-contrib-")
	if err != nil {
		return "", err
	}
	// What a daemon of another user shall run, others must reach.
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", dir, "busbar/mail2bus", "busbar/dbpoll", "busbar/scmhook", "busbar/soapbus", "busbar/bus")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return dir, cmd.Run()
})

func TestMain(m *testing.M) {
	if err := os.Setenv("BUSBAR_ETC", "/nonexistent"); err != nil { // no test reads the machine's own
		panic(err)
	}
	code := m.Run()
	if dir, err := built(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

func program(t *testing.T, name string) string {
	t.Helper()
	dir, err := built()
	if err != nil {
		t.Fatalf("building the programs: %v", err)
	}
	return filepath.Join(dir, name)
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestConfigSamples lets the real programs read each sample, which know every
// key, and shows that a wrong key would be found.
func TestConfigSamples(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	item := file("soup.mail", mail)
	row := file("row.json", `{"architecture": "amd64", "package": "hello", "distribution": "sid", "version": "1", "state": "Built", "state_change": "2026-07-06 10:00:00"}`)
	call := file("call", `{"version":1,"system":"git","hook":"look","repository":"/","time":"2026-07-06T10:00:00Z","args":[],"env":{},"cut":false}`+"\n")
	tags := file("tags.json", `{"user": "qa@example.org", "tag": "ftbfs", "added": [700001], "removed": [], "serial": 1}`)
	for _, c := range []struct{ sample, program, item, want, key string }{
		{"config/mail2bus.toml", "mail2bus", item, "lists.mail.receive", "spool"},
		{"config/bus.toml", "mail2bus", item, "lists.mail.receive", "prefix"},
		{"config/bus.toml", "dbpoll", row, "wannabuild.build.finish", "subscribe"},
		{"config/dbpoll.toml", "dbpoll", row, "wannabuild.build.finish", "preset"},
		{"config/soapbus.toml", "soapbus", tags, "debbugs.usertag.update", "contact"},
		{"config/scmhook.toml", "scmhook", call, "not in [scm] repositories", "repositories"},
	} {
		explain := func(config string) (string, error) {
			out, err := exec.Command(program(t, c.program), "--config", config, "explain", c.item).CombinedOutput()
			return string(out), err
		}
		out, err := explain(c.sample)
		if err != nil {
			t.Errorf("reading %s: %v\n%s", c.sample, err, out)
		}
		if !strings.Contains(out, c.want) {
			t.Errorf("with %s the item becomes no event:\n%s", c.sample, out)
		}
		if n := strings.Count(strings.TrimSpace(read(t, c.sample)), "\n") + 1; n > 10 {
			t.Errorf("%s has %d lines; an adapter must start with ten", c.sample, n)
		}
		wrong := file("wrong.toml", strings.Replace(read(t, c.sample), c.key, c.key[1:], 1))
		if out, err := explain(wrong); err == nil || !strings.Contains(out, c.key) {
			t.Errorf("a wrong key is not found: %v\n%s", err, out)
		}
	}
}

var (
	command  = regexp.MustCompile(`/usr/bin/(mail2bus|dbpoll|scmhook|soapbus) ([a-z]+)((?: +--[a-z-]+ +[^ "\n]+)*)`)
	flagName = regexp.MustCompile(`--[a-z-]+`)
	variable = regexp.MustCompile(`BUSBAR_[A-Z_]+`)
)

// TestCommandsExist looks every command and flag up in the program's own help.
func TestCommandsExist(t *testing.T) {
	files, err := filepath.Glob("mta/*")
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, file := range append(files, unit("mail2bus"), unit("dbpoll"), unit("scmhook"), unit("soapbus")) {
		for _, m := range command.FindAllStringSubmatch(read(t, file), -1) {
			calls++
			help, err := exec.Command(program(t, m[1]), m[2], "--help").CombinedOutput()
			if err != nil {
				t.Errorf("%s calls %s %s, which does not exist: %s", file, m[1], m[2], help)
			}
			for _, flag := range flagName.FindAllString(m[3], -1) {
				if !strings.Contains(string(help), flag+"=") && !strings.Contains(string(help), flag+" ") {
					t.Errorf("%s calls %s %s with %s, which does not exist", file, m[1], m[2], flag)
				}
			}
		}
	}
	if calls < 5 {
		t.Errorf("only %d calls of our programs were found in the snippets", calls)
	}
}

// TestForwardFile delivers through the line of .forward, as sh runs it.
func TestForwardFile(t *testing.T) {
	spool := t.TempDir()
	line := strings.Trim(strings.TrimSpace(read(t, "mta/forward")), `"`)
	sh := exec.Command("sh", "-c", here(t, strings.TrimPrefix(line, "|"), spool))
	sh.Stdin = strings.NewReader(mail)
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("delivering: %v\n%s", err, out)
	}
	wantSpooled(t, spool, 1)
}

// here puts the built program and a spool of the test into a snippet.
func here(t *testing.T, snippet, spool string) string {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "mail2bus-pipe")
	if strings.Contains(snippet, "/usr/lib/busbar/mail2bus-pipe") && !strings.HasPrefix(snippet, "#!") {
		if err := os.WriteFile(pipe, []byte(here(t, read(t, "mta/mail2bus-pipe"), spool)), 0o755); err != nil {
			t.Fatal(err)
		}
		snippet = strings.ReplaceAll(snippet, "/usr/lib/busbar/mail2bus-pipe", pipe)
	}
	s := strings.ReplaceAll(snippet, "/usr/bin/mail2bus", program(t, "mail2bus"))
	return strings.ReplaceAll(s, "/var/spool/busbar/mail", spool)
}

func wantSpooled(t *testing.T, spool string, want int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(spool, "new", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != want {
		t.Fatalf("the spool holds %d mails, want %d", len(files), want)
	}
	for _, f := range files {
		// procmail ends a mail with an empty line, as mailboxes want it.
		if strings.TrimRight(read(t, f), "\n") != strings.TrimRight(mail, "\n") {
			t.Errorf("the spool holds %q, want the mail", read(t, f))
		}
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o040 == 0 {
			t.Errorf("the mail has mode %v; the daemon, who shares the spool by its group, could not read it", info.Mode())
		}
	}
}
