package sign

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"busbar/common/event"
)

var update = flag.Bool("update", false, "write fixtures/wire/signed.json, and fixtures/wire/pki where it is missing")

// The fixtures' certificates are valid from 2020 until 2049, so that a wrong
// clock does not break tests.
var fixtureStart = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	bridge    = "bridge-feeder.example.org"
	shell     = "shell-feeder.example.org"
	revoked   = "revoked-feeder.example.org"
	expired   = "expired-feeder.example.org"
	untrusted = "untrusted-feeder.example.net"
	strong    = "strong-feeder.example.org" // has an Ed25519 key, too

	longDays = 29*365 + 8
)

// certOf is how a signer with a certificate signs.
func certOf(s *Signer) *certified { return s.way.(*certified) }

// bytesSHA1 and bytesSHA256 are the bytes that the two signatures cover, in one
// piece and found in another way than the package's.
func bytesSHA1(tree map[string]any) ([]byte, error) {
	bare := map[string]any{}
	for k, v := range tree {
		if k != "signature" && k != "certificate" {
			bare[k] = v
		}
	}
	return event.Canonical(bare)
}

func bytesSHA256(tree map[string]any) ([]byte, error) {
	bare := maps.Clone(tree)
	delete(bare, "signature_sha256")
	return bytesSHA1(bare)
}

// bytesEd25519 is what the Ed25519 signature covers.
func bytesEd25519(tree map[string]any) ([]byte, error) {
	bare, err := bytesSHA256(tree)
	if err == nil {
		var m any
		m, err = event.Parse(bare)
		bareTree, _ := m.(map[string]any)
		delete(bareTree, "crypto")
		delete(bareTree, "signature_ed25519")
		if err == nil {
			bare, err = event.Canonical(bareTree)
		}
	}
	return fmt.Appendf(nil, "busbar message %x", sha256.Sum256(bare)), err
}

func fixtureSigner(t testing.TB, name string) *Signer {
	t.Helper()
	base := filepath.Join(wireFixtures, "pki", name)
	s, err := loadSigner(base+".crt", base+".key", fixtureStart.AddDate(0, 0, 9))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSignedFixture(t *testing.T) {
	pki := filepath.Join(wireFixtures, "pki")
	if _, err := os.Stat(pki); os.IsNotExist(err) && *update {
		makePKI(t, pki)
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(map[string]any{
		"what":  "messages of ours, signed with the keys in pki/, and what a verifier says of them",
		"cases": verdictCases(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(wireFixtures, "signed.json")
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text.Bytes(), want) {
		t.Errorf("%s is not what the signer makes of these keys (go test -update writes it anew)", file)
	}
}

func TestOwnVerdicts(t *testing.T) {
	var file struct{ Cases []verdictCase }
	readJSON(t, filepath.Join(wireFixtures, "signed.json"), &file)
	if len(file.Cases) < 30 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			got := c.Config.verifier(t, wireFixtures).Verify(tree(t, c.Body))
			if got.OK != c.Result || got.Strong != c.SHA256 || got.OK != (got.Reason == "") {
				t.Errorf("got %+v, want %v, SHA-256 %v", got, c.Result, c.SHA256)
			}
		})
	}
}

// makePKI makes the keys of the fixtures with the CA of this package.
func makePKI(t *testing.T, dir string) {
	ca := testCA(t, "Busbar test CA (trust none)", fixtureStart)
	other := testCA(t, "Another test CA (trust none)", fixtureStart)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	issue := func(c *CA, name string, days int) { issueRSA(t, c, name, days) }
	issue(ca, bridge, longDays)
	issue(ca, shell, longDays)
	issue(ca, revoked, longDays)
	issue(ca, expired, 31)
	issue(other, untrusted, longDays)
	_, _, err := ca.Issue(strong, longDays)
	must(err)
	must(ca.Revoke(revoked))
	must(os.MkdirAll(dir, 0o755))
	take := func(c *CA, from, to string) {
		text, err := os.ReadFile(c.path(from))
		must(err)
		must(os.WriteFile(filepath.Join(dir, to), text, 0o644))
	}
	crl := func(c *CA, days int, to string) {
		_, err := c.CRL(days)
		must(err)
		take(c, "crl.pem", to)
	}
	crl(ca, 31, "crl-expired.pem")
	crl(ca, longDays, "crl.pem")
	crl(other, longDays, "othercrl.pem")
	take(other, "ca.crt", "otherca.crt")
	take(ca, "ca.crt", "ca.crt")
	take(ca, "ca.key", "ca.key")
	for _, name := range []string{bridge, shell, revoked, expired, strong} {
		take(ca, name+".crt", name+".crt")
		take(ca, name+".key", name+".key")
	}
	take(other, untrusted+".crt", untrusted+".crt")
	take(other, untrusted+".key", untrusted+".key")
}

// issueRSA issues a certificate as it was before there were second keys.
func issueRSA(t testing.TB, c *CA, name string, days int) {
	t.Helper()
	_, _, err := c.issuing(name, days, func(x *index) error {
		key, err := rsa.GenerateKey(rand.Reader, keyBits)
		if err != nil {
			return err
		}
		return c.issue(x, name, days, &keySet{rsa: key}, "")
	})
	if err != nil {
		t.Fatal(err)
	}
}

func testCA(t testing.TB, name string, now time.Time) *CA {
	t.Helper()
	c, err := createCA(t.TempDir(), name, 29, func() time.Time { return now }, disk{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
