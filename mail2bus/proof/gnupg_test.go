package proof

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
)

// gnupg is Debian's gpg with a home of its own.
type gnupg struct {
	t    *testing.T
	home string
}

func newGnupg(t *testing.T) gnupg {
	t.Helper()
	if _, err := exec.LookPath("gpg"); err != nil {
		t.Fatal("GnuPG is needed (`make deps` installs it)")
	}
	home, err := os.MkdirTemp("", "gpg") // short: it holds sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run()
		_ = os.RemoveAll(home)
	})
	return gnupg{t, home}
}

func (g gnupg) run(in string, args ...string) string {
	g.t.Helper()
	cmd := exec.Command("gpg", append([]string{"--homedir", g.home, "--batch", "--no-tty", "--yes", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""}, args...)...)
	cmd.Stdin = strings.NewReader(in)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := cmd.Run(); err != nil {
		g.t.Fatalf("gpg %v: %v: %s", args, err, &words)
	}
	return out.String()
}

var fingerprintLine = regexp.MustCompile(`(?m)^(pub|sub):.*\n(?:grp:.*\n)?fpr:+([0-9A-F]{40}):`)

// key makes a key, with usage as gpg has it, and gives its fingerprint.
func (g gnupg) key(name, usage, end string, more ...string) string {
	g.t.Helper()
	g.run("", append(more, "--quick-generate-key", name, "ed25519", usage, end)...)
	return g.fingerprints(name)[0]
}

// fingerprints are the primary key's and its subkeys'.
func (g gnupg) fingerprints(name string) (list []string) {
	for _, m := range fingerprintLine.FindAllStringSubmatch(g.run("", "--with-colons", "--list-keys", "="+name), -1) {
		list = append(list, m[2])
	}
	return list
}

func (g gnupg) sign(key, text string, more ...string) string {
	g.t.Helper()
	return g.run(text, append(more, "--local-user", key+"!", "--clearsign")...)
}

// revoke takes a key back with the certificate that gpg makes with each key.
func (g gnupg) revoke(fingerprint string) {
	g.t.Helper()
	text, err := os.ReadFile(filepath.Join(g.home, "openpgp-revocs.d", fingerprint+".rev"))
	if err != nil {
		g.t.Fatal(err)
	}
	g.run(strings.ReplaceAll(string(text), "\n:-----BEGIN", "\n-----BEGIN"), "--import")
}

const changesText = "Format: 1.8\nSource: soup\nBinary: soup\nVersion: 1.2-3\n- a line that begins with a dash\nChanges:\n soup (1.2-3) unstable; urgency=medium\n"

// TestWithGnuPG: who signed a .changes is told by a keyring that gpg made, and by nothing else
// that a mail says.
func TestWithGnuPG(t *testing.T) {
	g := newGnupg(t)
	const first = "20240105T000000!" // when keys were made that have ended since
	good := g.key("good", "sign", "never")
	ended := g.key("ended", "sign", "30d", "--faked-system-time", first)
	revoked, stranger := g.key("revoked", "sign", "never"), g.key("stranger", "sign", "never")
	owner := g.key("owner", "cert", "never")
	for range 2 {
		g.run("", "--quick-add-key", owner, "ed25519", "sign", "never")
	}
	subkeys := g.fingerprints("owner")[1:]
	for _, length := range []string{"rsa1024", "rsa2048"} { // with Ed25519 gpg takes no weak hash
		g.run("", "--quick-generate-key", length, length, "sign", "never")
	}
	small, weak := g.fingerprints("rsa1024")[0], g.fingerprints("rsa2048")[0]
	signed := map[string]string{
		"good": g.sign(good, changesText), "ended": g.sign(ended, changesText, "--faked-system-time", first), "revoked": g.sign(revoked, changesText),
		"stranger": g.sign(stranger, changesText), "subkey": g.sign(subkeys[0], changesText), "old subkey": g.sign(subkeys[1], changesText),
		"RSA": g.sign(weak, changesText), "small": g.sign(small, changesText),
		"SHA-1": g.sign(weak, changesText, "--digest-algo", "SHA1", "--allow-weak-digest-algos"),
		"short": g.sign(good, changesText, "--faked-system-time", first, "--default-sig-expire", "1d", "--ignore-time-conflict"),
		"other": g.sign(good, strings.Replace(changesText, "1.2-3", "9.9-9", 2)),
	}
	g.revoke(revoked)
	// The second subkey is taken back: gpg asks, and is answered.
	g.run("key 2\nrevkey\ny\n0\n\ny\nsave\n", "--command-fd", "0", "--no-batch", "--edit-key", owner)
	ring := filepath.Join(t.TempDir(), "keyring.gpg")
	g.run("", "--output", ring, "--export", good, ended, revoked, owner, weak, small)
	p := policy(t, Options{Keyrings: map[string]string{"uploaders": ring}}, "pgp:uploaders")

	at := func(body string, received time.Time) string {
		raw := "From: dak@example.org\nTo: list@example.org\nSubject: soup\nDate: Fri, 2 Jan 2026 03:04:05 +0000\nMessage-ID: <1@example.org>\n\n" + body
		it := translate.Item[any]{Raw: []byte(raw), Value: mail.Parse([]byte(raw), mail.Limits{}), Received: received}
		it, out, err := p.Judge(it, translate.Outcome{Events: []event.Event{{Kind: bugKind}}})
		switch {
		case err != nil:
			return err.Error()
		case out.Poison != "":
			return out.Poison
		case event.Strength(it.Evidence) != event.StrengthProven:
			return "published unproved"
		}
		return "proved by " + it.Evidence[len(it.Evidence)-1].Detail
	}
	by := func(fingerprint string) string { return "proved by uploaders: " + fingerprint }
	now, then := time.Now(), time.Date(2024, 1, 10, 0, 0, 0, 0, time.UTC)
	text := signed["good"]
	header := text[strings.Index(text, "Hash: ") : strings.Index(text, "\n\n")+1]
	for _, c := range []struct {
		name, body string
		received   time.Time
		want       string
	}{
		{"a good key", text, now, by(good)},
		{"a key that has ended", signed["ended"], now, "expired"},
		{"a key that ended later", signed["ended"], then, by(ended)},
		{"a signer whose clock is ahead", text, now.Add(-30 * time.Minute), by(good)},
		{"a signature of tomorrow", text, now.Add(-24 * time.Hour), "unproved"},
		{"a revoked key", signed["revoked"], now, "revoked"},
		{"a key that the ring has not", signed["stranger"], now, "unknown"},
		{"a subkey, by its owner's name", signed["subkey"], now, by(owner)},
		{"a revoked subkey", signed["old subkey"], now, "revoked"},
		{"an RSA key", signed["RSA"], now, by(weak)},
		{"a hash that is broken", signed["SHA-1"], now, "not believed, such as SHA-1"},
		{"a key that is too short", signed["small"], now, "less than 2048 bits"},
		{"a signature that has ended", signed["short"], now, "expired"},
		{"no signature", changesText, now, "no signed text"},
		{"text before and behind it", "Accepted:\n\n" + text + "\nThank you.\n", now, by(good)},
		{"blanks at the ends of lines", strings.ReplaceAll(text, "1.2-3\n", "1.2-3 \t\n"), now, by(good)},
		{"another version", strings.Replace(text, "1.2-3", "1.2-4", 1), now, "unproved"},
		{"another's signature", cutSigned(text) + signed["other"][len(cutSigned(signed["other"])):], now, "unproved"},
		{"a forged one first", strings.Replace(signed["stranger"], "1.2-3", "6.6-6", 1) + "\n" + text, now, "several"},
		{"a forged one last", text + "\n" + strings.Replace(signed["stranger"], "1.2-3", "6.6-6", 1), now, "several"},
		{"one inside it that begins only for some", strings.Replace(text, "\nFormat", "\n-----BEGIN PGP SIGNED MESSAGE-----\nFormat", 1), now, "unproved"},
		{"one before it that begins only for some", "-----BEGIN PGP SIGNED MESSAGE----- \nHash: SHA512\n\nSource: forged\n" + text, now, "unproved"},
		{"a header that only some read", strings.Replace(text, header, header+"Comment: x\n", 1), now, "unproved"},
		{"no blank line behind the header", strings.Replace(text, header+"\n", header, 1), now, "unproved"},
		{"a line of its own at its end", strings.Replace(text, "-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP SIGNATURE----- \n-----BEGIN PGP SIGNATURE-----", 1), now, "unproved"},
		{"cut", text[:len(text)-40], now, "no form that can be verified"},
	} {
		if got := at(c.body, c.received); !strings.Contains(got, c.want) || strings.HasPrefix(got, "proved") != strings.HasPrefix(c.want, "proved") {
			t.Errorf("%s: %s, want %q", c.name, got, c.want)
		}
	}
}

// cutSigned is a clearsigned text up to its signature.
func cutSigned(text string) string {
	return text[:strings.Index(text, "-----BEGIN PGP SIGNATURE-----")]
}
