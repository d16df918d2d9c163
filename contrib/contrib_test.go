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

// built is the real mail2bus, made once for all tests.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "busbar-contrib-")
	if err != nil {
		return "", err
	}
	// What a daemon of another user shall run, others must reach.
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", dir, "busbar/mail2bus")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return filepath.Join(dir, "mail2bus"), cmd.Run()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := built(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

func program(t *testing.T) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatalf("building mail2bus: %v", err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestConfigSamples lets the real program read each sample, which knows every
// key, and shows that a wrong key would be found.
func TestConfigSamples(t *testing.T) {
	item := filepath.Join(t.TempDir(), "soup.mail")
	if err := os.WriteFile(item, []byte(mail), 0o644); err != nil {
		t.Fatal(err)
	}
	explain := func(config string) (string, error) {
		out, err := exec.Command(program(t), "--config", config, "explain", item).CombinedOutput()
		return string(out), err
	}
	for _, sample := range []string{"config/mail2bus.toml", "config/bus.toml"} {
		out, err := explain(sample)
		if err != nil {
			t.Errorf("reading %s: %v\n%s", sample, err, out)
		}
		if !strings.Contains(out, "lists.mail.receive") {
			t.Errorf("with %s the mail becomes no event:\n%s", sample, out)
		}
		if n := strings.Count(strings.TrimSpace(read(t, sample)), "\n") + 1; n > 10 {
			t.Errorf("%s has %d lines; an adapter must start with ten", sample, n)
		}
	}
	wrong := filepath.Join(t.TempDir(), "wrong.toml")
	if err := os.WriteFile(wrong, []byte(strings.Replace(read(t, "config/mail2bus.toml"), "spool", "spol", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := explain(wrong); err == nil || !strings.Contains(out, "spool") {
		t.Errorf("a wrong key is not found: %v\n%s", err, out)
	}
}

var (
	command  = regexp.MustCompile(`/usr/bin/mail2bus ([a-z]+)((?: +--[a-z-]+ +[^ "\n]+)*)`)
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
	for _, file := range append(files, "systemd/mail2bus.service") {
		for _, m := range command.FindAllStringSubmatch(read(t, file), -1) {
			calls++
			help, err := exec.Command(program(t), m[1], "--help").CombinedOutput()
			if err != nil {
				t.Errorf("%s calls mail2bus %s, which does not exist: %s", file, m[1], help)
			}
			for _, flag := range flagName.FindAllString(m[2], -1) {
				if !strings.Contains(string(help), flag+"=") && !strings.Contains(string(help), flag+" ") {
					t.Errorf("%s calls mail2bus %s with %s, which does not exist", file, m[1], flag)
				}
			}
		}
	}
	if calls < 7 {
		t.Errorf("only %d calls of mail2bus were found in the snippets", calls)
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
	s := strings.ReplaceAll(snippet, "/usr/bin/mail2bus", program(t))
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
