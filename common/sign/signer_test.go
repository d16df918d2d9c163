package sign

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLoadSignerRefuses(t *testing.T) {
	pki := func(name string) string { return filepath.Join(wireFixtures, "pki", name) }
	junk := filepath.Join(t.TempDir(), "junk")
	if err := os.WriteFile(junk, []byte("no key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, cert, key, want string }{
		{"no certificate", "nowhere.crt", pki(bridge + ".key"), "nowhere.crt"},
		{"no key", pki(bridge + ".crt"), "nowhere.key", "nowhere.key"},
		{"junk for a certificate", junk, pki(bridge + ".key"), "not a PEM certificate"},
		{"junk for a key", pki(bridge + ".crt"), junk, "not PEM"},
		{"a certificate for a key", pki(bridge + ".crt"), pki(bridge + ".crt"), "passphrase"},
		{"a key for a certificate", pki(bridge + ".key"), pki(bridge + ".key"), "not a PEM certificate"},
		{"another's key", pki(bridge + ".crt"), pki(shell + ".key"), "does not belong"},
		{"expired", pki(expired + ".crt"), pki(expired + ".key"), "hint"},
		{"not RSA", pki(bridge + ".crt"), ecKey(t), "RSA only"},
	} {
		if _, err := LoadSigner(c.cert, c.key); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.name, err, c.want)
		}
	}
	early := fixtureStart.AddDate(-1, 0, 0)
	if _, err := loadSigner(pki(bridge+".crt"), pki(bridge+".key"), early); err == nil {
		t.Error("a certificate was taken before its time")
	}
}

func ecKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ec.key")
	if err := (disk{}).create(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestLoadSignerReadsPKCS1(t *testing.T) {
	s := fixtureSigner(t, bridge)
	file := filepath.Join(t.TempDir(), "old.key")
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(certOf(s).key)})
	if err := (disk{}).create(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadSigner(filepath.Join(wireFixtures, "pki", bridge+".crt"), file); err != nil {
		t.Error(err)
	}
}

// TestSignReplaces checks that a relay may sign what was signed.
func TestSignReplaces(t *testing.T) {
	m := message()
	if err := fixtureSigner(t, shell).Sign(m); err != nil {
		t.Fatal(err)
	}
	if err := fixtureSigner(t, bridge).Sign(m); err != nil {
		t.Fatal(err)
	}
	once := message()
	if err := fixtureSigner(t, bridge).Sign(once); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(m, once) {
		t.Error("signing a signed message differs from signing the bare one")
	}
}

func TestSignLeavesUnchangedOnError(t *testing.T) {
	m := message()
	m["msg"] = map[string]any{"when": time.Now()} // has no canonical form
	if err := fixtureSigner(t, bridge).Sign(m); err == nil {
		t.Fatal("signed what has no canonical form")
	}
	for _, k := range []string{"crypto", "signature", "certificate", "signature_sha256"} {
		if _, ok := m[k]; ok {
			t.Errorf("%s was added", k)
		}
	}
	if err := fixtureSigner(t, bridge).Sign(nil); err == nil {
		t.Error("signed no message")
	}
}

func TestSignConcurrently(t *testing.T) {
	s := fixtureSigner(t, bridge)
	v := verdictConfig{CA: "pki/ca.crt"}.verifier(t, wireFixtures)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			m := message()
			m["i"], m["msg"] = i, math.Inf(1)
			if err := s.Sign(m); err != nil {
				t.Error(err)
			}
			if got := v.Verify(m); !got.OK || !got.Strong {
				t.Errorf("%+v", got)
			}
		})
	}
	wg.Wait()
}
