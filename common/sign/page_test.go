package sign

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"busbar/common/event"
)

// TestMessagePage runs the program of docs/reference/message.md as it stands
// there, on messages that we signed and on what others made of them.
func TestMessagePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/message.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("(?s)```python\n(.*?)```").FindSubmatch(page)
	if code == nil {
		t.Fatal("the page has no program")
	}
	const interpreter = "/usr/bin/python3"
	if out, err := exec.Command(interpreter, "-c", "import cryptography").CombinedOutput(); err != nil {
		t.Fatalf("Python's cryptography is needed: %s (`make deps` installs it)", out)
	}
	program := filepath.Join(t.TempDir(), "verify.py")
	if err := os.WriteFile(program, code[1], 0o644); err != nil {
		t.Fatal(err)
	}
	by := func(name string, change func(map[string]any)) []byte {
		m := message()
		m["title"], m["link"] = "Žofie \U0001f600 said \"no\"", "https://example.net/?a=<b>&c"
		if err := fixtureSigner(t, name).Sign(m); err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change(m)
		}
		b, err := event.Canonical(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	good := func(change func(map[string]any)) []byte { return by(bridge, change) }
	other := message()
	if err := fixtureSigner(t, untrusted).Sign(other); err != nil {
		t.Fatal(err)
	}
	foreign, err := event.Canonical(other)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := event.Canonical(signWeak(t, fixtureSigner(t, bridge), message(), true))
	if err != nil {
		t.Fatal(err)
	}
	set := func(k string, v any) []byte { return good(func(m map[string]any) { m[k] = v }) }
	var lines, want []string
	add := func(body []byte, answer string) {
		lines = append(lines, strings.ReplaceAll(string(body), "\n", ""))
		want = append(want, answer)
	}
	add(good(nil), "said by "+bridge)
	add(bytes.ReplaceAll(indented(t, good(nil)), []byte("\n"), nil), "said by "+bridge)
	add(set("title", "Another sentence"), "refused: its signature does not hold")
	add(set("link", "https://example.org/"), "refused: its signature does not hold")
	add(set("seq_id", event.Int("8")), "refused: its signature does not hold")
	add(set("extra", true), "refused: its signature does not hold")
	add(good(func(m map[string]any) { delete(m, "signature_sha256") }), "refused: its signature does not hold")
	add(weak, "refused: it has no strong signature")
	add(by(strong, nil), "said by "+strong)
	add(bytes.ReplaceAll(indented(t, by(strong, nil)), []byte("\n"), nil), "said by "+strong)
	resigned := func(name string, change func(map[string]any)) []byte {
		return by(strong, func(m map[string]any) {
			change(m)
			signWeak(t, fixtureSigner(t, name), m, true)
		})
	}
	ed := "signature_ed25519"
	add(resigned(strong, func(m map[string]any) { delete(m, ed) }), "refused: it has no strong signature")
	add(resigned(strong, func(m map[string]any) { m[ed] = nil }), "refused: its signature_ed25519 does not hold")
	add(resigned(strong, func(m map[string]any) { m[ed] = m[ed].(string) + "\n" }), "refused: its signature_ed25519 does not hold")
	add(resigned(strong, func(m map[string]any) { m["title"] = "Another sentence" }), "refused: its signature_ed25519 does not hold")
	add(resigned(strong, func(m map[string]any) { m["signature_sha256"] = m[ed] }), "refused: it has signature_ed25519, which does not fit")
	add(resigned(bridge, func(map[string]any) {}), "refused: it has signature_ed25519, which does not fit")
	add(by(strong, func(m map[string]any) { m["signature"] = m["certificate"] }), "refused: its signature does not hold")
	both := len(lines) - 1
	add(set("signature", "AAAA"), "refused: its signature does not hold")
	add(set("certificate", nil), "refused: it has no certificate")
	add(foreign, "refused: its certificate is another authority's")
	add([]byte(`{"topic":"a.b.c"}`), "refused: it is not signed")

	cmd := exec.Command(interpreter, "-W", "ignore", program, filepath.Join(wireFixtures, "pki", "ca.crt"))
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	got := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Errorf("message %d: %q, want %q", i, append(got, make([]string, len(want))...)[i], want[i])
		}
	}
	// Ours says the same.
	v, err := NewVerifier(VerifierOptions{CAFile: filepath.Join(wireFixtures, "pki", "ca.crt")})
	if err != nil {
		t.Fatal(err)
	}
	strict, err := NewVerifier(VerifierOptions{CAFile: filepath.Join(wireFixtures, "pki", "ca.crt"), Both: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range lines {
		m, _, err := event.ParseMessage([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if ok := v.Verify(m).OK; ok != (strings.HasPrefix(want[i], "said by") || i == both) {
			t.Errorf("message %d: we say %v", i, ok)
		}
		if ok := strict.Verify(m).OK; ok != strings.HasPrefix(want[i], "said by") {
			t.Errorf("message %d: we say %v, asked for both signatures", i, ok)
		}
	}
}
