package keys

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"busbar/bus/bustest"
	"busbar/common/config"
	"busbar/common/event"
	"busbar/common/sign"
)

// TestGnuPGPage runs docs/howto/gnupg.md as it stands: its commands make keys, with
// which messages are signed that its program verifies with gpg, as our verifier does.
func TestGnuPGPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/howto/gnupg.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := func(kind string) (list []string) {
		for _, b := range regexp.MustCompile("(?s)```"+kind+"\n(.*?)```").FindAllSubmatch(page, -1) {
			list = append(list, string(b[1]))
		}
		return list
	}
	dir := t.TempDir()
	home, err := os.MkdirTemp("", "gpg") // short: it holds sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run()
		_ = os.RemoveAll(home)
	})
	env := append(os.Environ(), "GNUPGHOME="+home) // PATH has bus: see TestMain
	cmd := exec.Command("bash", "-eu", "-o", "pipefail", "-c", strings.Join(blocks("sh"), ""))
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the commands: %v: %s", err, out)
	}
	for _, want := range []string{"gpg:mail2bus  valid until", "gpg:archive  valid until"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in %s", want, out)
		}
	}

	python := blocks("python")
	if len(python) != 1 {
		t.Fatalf("the page has %d programs", len(python))
	}
	verify := filepath.Join(dir, "verify.py")
	if err := os.WriteFile(verify, []byte(python[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	keyring := filepath.Join(dir, "keyring")
	v, err := sign.NewVerifier(sign.VerifierOptions{Keyring: keyring, Both: true})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	var want []bool
	for _, name := range []string{"mail2bus", "archive"} {
		s, err := sign.LoadGPGSigner(filepath.Join(keyring, name+".sec"))
		if err != nil {
			t.Fatal(err)
		}
		for what, change := range map[string]func(map[string]any){
			"": func(map[string]any) {}, "body": func(m map[string]any) { m["msg"] = map[string]any{} },
			"topic": func(m map[string]any) { m["topic"] = "org.debian.dev.other" },
			"bare":  func(m map[string]any) { delete(m, "signature_gpg") },
			"weak":  func(m map[string]any) { m["signature"] = m["signature_gpg"] },
			"none":  func(m map[string]any) { clear(m) },
		} {
			m := event.Envelope{Topic: "org.debian.dev.list.mail.post", MsgID: "2026-x", Timestamp: time.Now().Unix(), Msg: map[string]any{"who": "Žofie \U0001f600", "n": 1.5}}.Tree()
			if err := s.Sign(m); err != nil {
				t.Fatal(err)
			}
			change(m)
			line, err := event.Canonical(m)
			if err != nil {
				t.Fatal(err)
			}
			tree, _, err := event.ParseMessage(line)
			if ok := err == nil && v.Verify(tree).OK; ok != (what == "") {
				t.Errorf("%s, %q: ours says %v", name, what, ok)
			}
			lines, want = append(lines, string(line)), append(want, what == "")
		}
	}
	check := exec.Command(bustest.Python, verify)
	check.Env = append(env, "GNUPGHOME="+filepath.Join(dir, "gnupg"))
	check.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	var errs bytes.Buffer
	check.Stderr = &errs
	said, err := check.Output()
	if err != nil {
		t.Fatalf("the program: %v: %s", err, errs.String())
	}
	got := strings.Split(strings.TrimSpace(string(said)), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d answers to %d messages: %s", len(got), len(want), said)
	}
	for i := range want {
		if strings.HasPrefix(got[i], "said by ") != want[i] {
			t.Errorf("message %d: %s, want %v", i, got[i], want[i])
		}
	}
	for _, block := range blocks("toml") {
		var file struct {
			Sign config.Sign `toml:"sign"`
		}
		if md, err := toml.Decode(block, &file); err != nil || len(md.Undecoded()) > 0 {
			t.Errorf("%s: %v, unknown %v", block, err, md.Undecoded())
		}
	}
}
