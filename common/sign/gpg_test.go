package sign

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/pgp"
	"busbar/fixtures/corpus"
)

const gpgFixtures = wireFixtures + "/gpg"

var gpgTime = time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)

// gpgSigner signs with a key of the fixtures.
func gpgSigner(t testing.TB, name string) *Signer {
	t.Helper()
	s, err := loadGPGSigner(filepath.Join(gpgFixtures, name+".sec"), gpgTime)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func gpgVerifier(t testing.TB, o VerifierOptions) *Verifier {
	t.Helper()
	if o.Keyring == "" {
		o.Keyring = gpgFixtures
	}
	v, err := NewVerifier(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

type gpgCase struct {
	Name        string
	Fingerprint string
	Body        []byte `json:"body_b64"`
	Signed      []byte `json:"signed_bytes_b64"`
	Raw         []byte `json:"signature_raw_b64"`
	Validates   bool
	ForgedTopic bool `json:"validates_with_forged_topic_and_timestamp"`
	ForgedMsg   bool `json:"validates_with_forged_msg"`
}

// TestFedmsgGPG: what fedmsg's GPG backend says is believed of those who are named as
// such publishers, and of nobody else.
func TestFedmsgGPG(t *testing.T) {
	t.Run("fixtures", func(t *testing.T) { fedmsgGPG(t, gpgFixtures+"/gpg.json", gpgFixtures) })
	if dir, ok := corpus.Captures(t); ok {
		t.Run("captures", func(t *testing.T) {
			fedmsgGPG(t, filepath.Join(dir, "fedmsg", "gpg.json"), filepath.Join(dir, "fedmsg", "gpg", "test-public.asc"))
		})
	}
}

func fedmsgGPG(t *testing.T, file, keyring string) {
	var f struct{ Cases []gpgCase }
	readJSON(t, file, &f)
	if len(f.Cases) == 0 {
		t.Fatal("no cases")
	}
	weak := gpgVerifier(t, VerifierOptions{Keyring: keyring, SHA1Only: []string{"gpg:*"}})
	strict := gpgVerifier(t, VerifierOptions{Keyring: keyring, SHA1Only: []string{"*"}})
	for _, c := range f.Cases {
		m := tree(t, c.Body)
		if got := weak.VerifyAt(m, time.Now()); got.OK != c.Validates || got.Strong || got.OK != (got.Reason == "") {
			t.Errorf("%s: %+v, fedmsg said %v", c.Name, got, c.Validates)
		}
		if got := strict.Verify(m); got.OK {
			t.Errorf("%s: believed though nobody is named", c.Name)
		}
		if !c.Validates {
			continue
		}
		if b, err := event.Canonical(m["msg"]); err != nil || string(b) != string(c.Signed) {
			t.Errorf("%s: signed bytes are %q (%v), want %q", c.Name, b, err, c.Signed)
		}
		m["topic"], m["timestamp"] = "org.example.dev.another.topic", event.Int("1")
		if got := weak.Verify(m); got.OK != c.ForgedTopic {
			t.Errorf("%s, another topic: %+v", c.Name, got)
		}
		m["msg"] = map[string]any{"forged": true}
		if got := weak.Verify(m); got.OK != c.ForgedMsg {
			t.Errorf("%s, another body: %+v", c.Name, got)
		}
	}
}

// TestGPGSigned: each change to a message that we signed is noticed.
func TestGPGSigned(t *testing.T) {
	v, both := gpgVerifier(t, VerifierOptions{}), gpgVerifier(t, VerifierOptions{Both: true})
	for _, name := range []string{"plain", "rsa", "parted"} {
		s := gpgSigner(t, name)
		fresh := func() map[string]any {
			m := message()
			if err := s.Sign(m); err != nil {
				t.Fatal(err)
			}
			return m
		}
		hash, err := event.Hash(message())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []*Verifier{v, both} {
			if got := v.Verify(fresh()); !got.OK || !got.Strong || got.Signer != "gpg:"+name || got.Hash != hash {
				t.Errorf("%s: %+v", name, got)
			}
		}
		if by, _, err := Shown(fresh()); err != nil || by == "" || !strings.HasPrefix(by, "gpg:") {
			t.Errorf("%s is shown as %q, %v", name, by, err)
		}
		for what, change := range map[string]func(m map[string]any){
			"topic":            func(m map[string]any) { m["topic"] = "org.debian.dev.a.b.create" },
			"timestamp":        func(m map[string]any) { m["timestamp"] = int64(1) },
			"body":             func(m map[string]any) { m["msg"] = map[string]any{} },
			"one member more":  func(m map[string]any) { m["extra"] = true },
			"one member less":  func(m map[string]any) { delete(m, "title"); delete(m, "origin") },
			"no crypto":        func(m map[string]any) { delete(m, "crypto") },
			"strong gone":      func(m map[string]any) { delete(m, memberGPG) },
			"strong null":      func(m map[string]any) { m[memberGPG] = nil },
			"strong wrapped":   func(m map[string]any) { m[memberGPG] = m[memberGPG].(string) + "\n" },
			"exchanged":        func(m map[string]any) { m[memberGPG] = m[memberSignature] },
			"fedmsg's gone":    func(m map[string]any) { delete(m, memberSignature) },
			"a certificate":    func(m map[string]any) { m[memberCertificate] = "x" },
			"another strong":   func(m map[string]any) { m[memberSHA256] = "x" },
			"another strong 2": func(m map[string]any) { m[memberEd25519] = "x" },
			"long":             func(m map[string]any) { m[memberGPG] = strings.Repeat("A", maxSignature+4) },
		} {
			m := fresh()
			change(m)
			if got := v.Verify(m); got.OK || got.Reason == "" {
				t.Errorf("%s, %s: %+v", name, what, got)
			}
		}
		// Who asks for both asks that fedmsg's holds, too, by the same key.
		for what, change := range map[string]func(m map[string]any){
			"junk":    func(m map[string]any) { m[memberSignature] = "AAAA" },
			"another": func(m map[string]any) { m[memberSignature] = m[memberGPG] },
			"another's": func(m map[string]any) {
				other := message()
				by := "rsa"
				if name == "rsa" {
					by = "plain"
				}
				if err := gpgSigner(t, by).Sign(other); err != nil {
					t.Fatal(err)
				}
				m[memberSignature] = other[memberSignature]
			},
		} {
			m := fresh()
			change(m)
			if a, b := v.Verify(m), both.Verify(m); !a.OK || b.OK {
				t.Errorf("%s, fedmsg's signature is %s: %v, and with both asked for %v", name, what, a.OK, b.OK)
			}
		}
	}
}

// TestGPGPolicy: names and fingerprints are asked for, and a certificate's name never
// stands for a key's.
func TestGPGPolicy(t *testing.T) {
	s := gpgSigner(t, "plain")
	m := message()
	if err := s.Sign(m); err != nil {
		t.Fatal(err)
	}
	topic := m["topic"].(string)
	for name, want := range map[string]bool{"gpg:plain": true, s.Name(): true, "plain": false, "gpg:rsa": false, s.Key().Fingerprint: false} {
		v := gpgVerifier(t, VerifierOptions{Policy: Policy{Topics: map[string][]string{topic: {name}}, Nitpicky: true}})
		if got := v.Verify(m); got.OK != want {
			t.Errorf("%s may say it: %+v", name, got)
		}
	}
	for _, name := range []string{"ended", "gone", "short"} {
		if _, err := LoadGPGSigner(filepath.Join(gpgFixtures, name+".sec")); err == nil {
			t.Errorf("signs with a key that is %s", name)
		}
	}
	early, err := loadGPGSigner(filepath.Join(gpgFixtures, "ended.sec"), time.Date(2020, 1, 20, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	m = message()
	if err := early.Sign(m); err != nil {
		t.Fatal(err)
	}
	v := gpgVerifier(t, VerifierOptions{})
	if got := v.Verify(m); got.OK || !strings.Contains(got.Reason, "ended on") {
		t.Errorf("believed today: %+v", got)
	}
	if got := v.VerifyAt(m, time.Date(2020, 1, 20, 0, 0, 0, 0, time.UTC)); !got.OK {
		t.Errorf("not believed as of then: %+v", got)
	}
}

// TestMixedBus: one verifier believes certificates and keys, each by its own rule.
func TestMixedBus(t *testing.T) {
	ca := filepath.Join(wireFixtures, "pki", "ca.crt")
	mixed := gpgVerifier(t, VerifierOptions{CAFile: ca})
	keys := gpgVerifier(t, VerifierOptions{})
	certificates, err := NewVerifier(VerifierOptions{CAFile: ca})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Signer{"x509": fixtureSigner(t, strong), "gpg": gpgSigner(t, "rsa")} {
		m := message()
		if err := s.Sign(m); err != nil {
			t.Fatal(err)
		}
		if got := mixed.Verify(m); !got.OK || !got.Strong {
			t.Errorf("%s: %+v", name, got)
		}
		if got := keys.Verify(m); got.OK != (name == "gpg") {
			t.Errorf("%s with keys alone: %+v", name, got)
		}
		if got := certificates.Verify(m); got.OK != (name == "x509") {
			t.Errorf("%s with certificates alone: %+v", name, got)
		}
		m[memberGPG+"x"], m[memberGPG] = m[memberGPG], "AAAA"
		if got := mixed.Verify(m); got.OK {
			t.Errorf("%s with a member that is not covered: %+v", name, got)
		}
	}
	// Signed again in the other way, nothing of the first is left.
	m := message()
	for _, s := range []*Signer{gpgSigner(t, "plain"), fixtureSigner(t, bridge), gpgSigner(t, "rsa"), fixtureSigner(t, strong)} {
		if err := s.Sign(m); err != nil {
			t.Fatal(err)
		}
		if got := mixed.Verify(m); !got.OK {
			t.Errorf("%s: %+v", s.Name(), got)
		}
	}
}

// TestKeyringChanges: keys come and go while a verifier runs; what cannot be read is
// said, and what was good stays.
func TestKeyringChanges(t *testing.T) {
	dir := t.TempDir()
	now := gpgTime
	var alarms []string
	v := gpgVerifier(t, VerifierOptions{Keyring: dir, Now: func() time.Time { return now }, Alarm: func(s string) { alarms = append(alarms, s) }})
	m := message()
	if err := gpgSigner(t, "rsa").Sign(m); err != nil {
		t.Fatal(err)
	}
	says := func(what string, want bool) {
		t.Helper()
		now = now.Add(2 * time.Second)
		if got := v.Verify(m); got.OK != want {
			t.Errorf("%s: %+v", what, got)
		}
	}
	put := func(name string, text []byte) {
		t.Helper()
		if err := (disk{}).replace(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	key, err := os.ReadFile(filepath.Join(gpgFixtures, "rsa.asc"))
	if err != nil {
		t.Fatal(err)
	}
	says("no key", false)
	put("mine.asc", key)
	says("a key came", true)
	put("broken.asc", []byte("junk"))
	says("another file is broken", true)
	if len(alarms) != 1 || !strings.Contains(alarms[0], "broken.asc") {
		t.Errorf("the alarms are %q", alarms)
	}
	if err := os.Remove(filepath.Join(dir, "broken.asc")); err != nil {
		t.Fatal(err)
	}
	says("it is gone again", true)
	if err := os.Remove(filepath.Join(dir, "mine.asc")); err != nil {
		t.Fatal(err)
	}
	says("the key went", false)
	if len(alarms) != 1 {
		t.Errorf("the alarms are %q", alarms)
	}
}

// TestGnuPGVerifies: Debian's gpg believes both signatures of what we sign.
func TestGnuPGVerifies(t *testing.T) {
	home := t.TempDir()
	run := func(stdin string, args ...string) (string, error) {
		cmd := exec.Command("gpg", append([]string{"--homedir", home, "--batch", "--no-autostart"}, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if err := os.Chmod(home, 0o700); err != nil {
		t.Fatal(err)
	}
	made := pgp.Folder(t.TempDir())
	public, secret, err := made.Make("made", 30, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := LoadGPGSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{public, filepath.Join(gpgFixtures, "rsa.asc"), filepath.Join(gpgFixtures, "parted.asc")} {
		if out, err := run("", "--import", file); err != nil {
			t.Fatalf("importing %s: %v: %s", file, err, out)
		}
	}
	for name, s := range map[string]*Signer{"made": ours, "rsa": gpgSigner(t, "rsa"), "parted": gpgSigner(t, "parted")} {
		m := message()
		if err := s.Sign(m); err != nil {
			t.Fatal(err)
		}
		body, err := event.Canonical(m["msg"])
		if err != nil {
			t.Fatal(err)
		}
		hash, err := event.Hash(m)
		if err != nil {
			t.Fatal(err)
		}
		for member, text := range map[string]string{memberSignature: string(body), memberGPG: "busbar message " + hash} {
			raw, err := base64.StdEncoding.DecodeString(m[member].(string))
			if err != nil {
				t.Fatal(err)
			}
			sig := filepath.Join(t.TempDir(), "sig")
			if err := os.WriteFile(sig, raw, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := run(text, "--verify", sig, "-"); err != nil || !strings.Contains(out, "Good signature from \""+name+"\"") {
				t.Errorf("%s, %s: %v: %s", name, member, err, out)
			}
			if out, err := run(text+" ", "--verify", sig, "-"); err == nil {
				t.Errorf("%s, %s: gpg believes another text: %s", name, member, out)
			}
		}
	}
}
