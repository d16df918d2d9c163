package pgp

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const fixtures = "../../fixtures/wire/gpg"

var then = time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)

// gnupg is Debian's gpg with a home of its own.
type gnupg struct {
	t    *testing.T
	home string
}

func newGnupg(t *testing.T) gnupg {
	t.Helper()
	home, err := os.MkdirTemp("", "gpg") // short: it holds sockets
	if err != nil {
		t.Fatal(err)
	}
	g := gnupg{t, home}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run()
		_ = os.RemoveAll(home)
	})
	return g
}

func (g gnupg) run(stdin []byte, args ...string) (string, error) {
	cmd := exec.Command("gpg", append([]string{"--homedir", g.home, "--batch", "--pinentry-mode", "loopback", "--passphrase", ""}, args...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		g.t.Fatal("GnuPG is needed (`make deps` installs it)")
	}
	return string(out), err
}

func (g gnupg) must(stdin []byte, args ...string) string {
	g.t.Helper()
	out, err := g.run(stdin, args...)
	if err != nil {
		g.t.Fatalf("gpg %v: %v: %s", args, err, out)
	}
	return out
}

func write(t *testing.T, file string, text []byte) string {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func check(r *Ring, raw []byte, text string, at time.Time) (Key, error) {
	s, err := r.Signature(raw)
	if err != nil {
		return Key{}, err
	}
	if err := s.At(at); err != nil {
		return s.Key, err
	}
	return s.Key, s.Check(at, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// TestWithGnuPG: what is made here GnuPG believes, and the other way round.
func TestWithGnuPG(t *testing.T) {
	g, dir := newGnupg(t), Folder(t.TempDir())
	now := time.Now()
	public, secret, err := dir.Make("ours", 30, now)
	if err != nil {
		t.Fatal(err)
	}
	g.must(nil, "--import", public)
	g.must(nil, "--quick-generate-key", "theirs", "ed25519", "sign", "1y")
	g.must(nil, "--quick-generate-key", "rsa", "rsa3072", "sign", "1y")
	for _, name := range []string{"theirs", "rsa"} {
		file := write(t, filepath.Join(t.TempDir(), "exported"), []byte(g.must(nil, "--armor", "--export-secret-keys", "="+name)))
		if _, _, err := dir.Import(name, file, now); err != nil {
			t.Fatal(err)
		}
	}
	ring, err := ReadRing(string(dir))
	if err != nil {
		t.Fatal(err)
	}
	const text = "what is said"
	for _, name := range []string{"ours", "theirs", "rsa"} {
		s, err := ReadSecret(dir.secret(name), now)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := s.Sign(time.Now(), []byte(text[:4]), []byte(text[4:]))
		if err != nil {
			t.Fatal(err)
		}
		sig := write(t, filepath.Join(t.TempDir(), "sig"), raw)
		if out := g.must([]byte(text), "--verify", sig, "-"); !strings.Contains(out, "Good signature from \""+name+"\"") {
			t.Errorf("gpg says of %s: %s", name, out)
		}
		if out, err := g.run([]byte(text+"."), "--verify", sig, "-"); err == nil {
			t.Errorf("gpg believes another text: %s", out)
		}
		if k, err := check(ring, raw, text, now); err != nil || ring.Name(k) != name || k.Fingerprint != s.Fingerprint {
			t.Errorf("%s: %+v, %v", name, k, err)
		}
		if _, err := check(ring, raw, text+".", now); !errors.Is(err, ErrHeld) {
			t.Errorf("%s: another text: %v", name, err)
		}
	}
	// With the secret key that was made here, gpg signs.
	g.must(nil, "--import", secret)
	sig := filepath.Join(t.TempDir(), "sig")
	g.must([]byte(text), "--local-user", "=ours", "--output", sig, "--detach-sign")
	raw, err := os.ReadFile(sig)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := check(ring, raw, text, now); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(secret); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secret key is %v, %v", info, err)
	}
}

func TestReadSecretRefuses(t *testing.T) {
	dir := t.TempDir()
	two := write(t, filepath.Join(dir, "two"), append(read(t, "plain.sec"), read(t, "rsa.sec")...))
	for _, c := range []struct{ file, want string }{
		{filepath.Join(dir, "absent"), "hint"},
		{dir, "folder"},
		{write(t, filepath.Join(dir, "empty"), nil), "empty"},
		{write(t, filepath.Join(dir, "junk"), []byte("junk")), "junk"},
		{two, "holds 2 keys"},
		{filepath.Join(fixtures, "plain.asc"), "no secret part"},
		{filepath.Join(fixtures, "locked.sec"), "passphrase"},
		{filepath.Join(fixtures, "ended.sec"), "ended on 2020-"},
		{filepath.Join(fixtures, "short.sec"), "less than 2048 bits"},
		{write(t, filepath.Join(dir, "message"), []byte("-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n")), "no key"},
	} {
		if _, err := ReadSecret(c.file, then); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.file, err, c.want)
		}
	}
	for _, name := range []string{"plain", "rsa", "parted"} {
		if s, err := ReadSecret(filepath.Join(fixtures, name+".sec"), then); err != nil || s.UserID != name || !s.To.IsZero() {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(fixtures, file))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestRingNames: who puts a key into a folder names it; of a file, its fingerprint does.
func TestRingNames(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bugs.asc"), append(read(t, "plain.asc"), read(t, "rsa.asc")...))
	write(t, filepath.Join(dir, "archive.gpg"), dearmored(t, "parted.asc"))
	write(t, filepath.Join(dir, "bugs.sec"), read(t, "plain.sec"))
	write(t, filepath.Join(dir, ".new-1.asc"), []byte("junk"))
	r, err := ReadRing(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, k := range r.Keys() {
		names = append(names, r.Name(k)+"="+k.UserID)
	}
	if got := strings.Join(names, " "); got != "archive=parted bugs=plain bugs=rsa" {
		t.Errorf("the names are %s", got)
	}
	r, err = ReadRing(filepath.Join(dir, "bugs.asc"))
	if err != nil || len(r.Keys()) != 2 || r.Name(r.Keys()[0]) != r.Keys()[0].Fingerprint {
		t.Errorf("of a file: %+v, %v", r, err)
	}
	if r, err := ReadRing(t.TempDir()); err != nil || len(r.Keys()) != 0 {
		t.Errorf("an empty folder: %v, %v", r, err)
	}
	for file, want := range map[string]string{"a b.asc": "cannot be a name", "copy.asc": "goes by the name bugs already", "secret.asc": "secret key", "x.asc": "junk"} {
		bad := t.TempDir()
		text := map[string][]byte{"copy.asc": read(t, "plain.asc"), "a b.asc": read(t, "rsa.asc"), "secret.asc": read(t, "plain.sec"), "x.asc": []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\njunk\n-----END PGP PUBLIC KEY BLOCK-----\n")}[file]
		write(t, filepath.Join(bad, "bugs.asc"), read(t, "plain.asc"))
		write(t, filepath.Join(bad, file), text)
		if file == "x.asc" {
			want = "x.asc"
		}
		if _, err := ReadRing(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
}

func dearmored(t *testing.T, file string) []byte {
	t.Helper()
	keys, err := Read(read(t, file))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := keys[0].Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestKeysInTime: a key is believed while it is in date, and not at all once it is
// revoked.
func TestKeysInTime(t *testing.T) {
	for _, c := range []struct {
		file string
		at   time.Time
		want string
	}{
		{"plain.asc", then, ""},
		{"plain.asc", time.Date(2019, 12, 31, 22, 0, 0, 0, time.UTC), "not valid before"},
		{"ended.asc", time.Date(2020, 1, 20, 0, 0, 0, 0, time.UTC), ""},
		{"ended.asc", then, "ended on"},
		{"gone.asc", time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), "revoked"},
	} {
		r, err := ReadRing(filepath.Join(fixtures, c.file))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Keys()[0].At(c.at); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s at %s: %v, want %q", c.file, c.at, err, c.want)
		}
	}
}

// TestFolder: nothing secret is overwritten, and a key's newer form replaces the old.
func TestFolder(t *testing.T) {
	dir := Folder(t.TempDir())
	if _, _, err := dir.Make("bugs", 10, time.Now()); err != nil {
		t.Fatal(err)
	}
	first := read2(t, dir.secret("bugs"))
	if _, _, err := dir.Make("bugs", 10, time.Now()); err == nil || !strings.Contains(err.Error(), "hint") {
		t.Errorf("a second key: %v", err)
	}
	if !bytes.Equal(first, read2(t, dir.secret("bugs"))) {
		t.Error("a secret key was overwritten")
	}
	for range 2 {
		if _, _, err := dir.Import("bugs", filepath.Join(fixtures, "rsa.asc"), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	text, err := dir.Export("bugs")
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := Read(text); err != nil || len(keys) != 2 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	for name, file := range map[string]string{"../x": "rsa.asc", "locked": "locked.sec", "ended": "ended.sec", "both": "gpg.json"} {
		if _, _, err := dir.Import(name, filepath.Join(fixtures, file), time.Now()); err == nil {
			t.Errorf("imported %s as %s", file, name)
		}
	}
	if _, _, err := dir.Make("long", 1<<30, time.Now()); err == nil {
		t.Error("made a key for ever")
	}
	if _, err := dir.Export("nobody"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("exported nobody: %v", err)
	}
}

func read2(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// FuzzSignature: whatever stands for a signature, the answer is an error or a verdict.
func FuzzSignature(f *testing.F) {
	r, err := ReadRing(filepath.Join(fixtures, "plain.asc"))
	if err != nil {
		f.Fatal(err)
	}
	s, err := ReadSecret(filepath.Join(fixtures, "plain.sec"), then)
	if err != nil {
		f.Fatal(err)
	}
	raw, err := s.Sign(then, []byte("text"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(raw[:20])
	f.Add([]byte{0xc2, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := check(r, raw, "another text", then); err == nil {
			t.Errorf("%x is believed", raw)
		}
		if key, err := Issuer(raw); err == nil && key == "" {
			t.Error("nobody issued it")
		}
	})
}

// FuzzRead: whatever stands for keys.
func FuzzRead(f *testing.F) {
	for _, file := range []string{"plain.asc", "parted.sec", "gone.asc"} {
		text, err := os.ReadFile(filepath.Join(fixtures, file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := Read(text)
		if err != nil {
			return
		}
		for _, e := range keys {
			_ = signing(e)
			_, _ = secretOf(e, then)
		}
	})
}
