package sign

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// freshBus is a CA with a list, and a signer.
func freshBus(t testing.TB) (ca *CA, s *Signer, certFile string) {
	t.Helper()
	ca, err := CreateCA(filepath.Join(t.TempDir(), "keys"), "Test CA", 2)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile, err := ca.Issue(bridge, 30)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = ca.CRL(30); err != nil {
		t.Fatal(err)
	}
	if s, err = LoadSigner(certFile, keyFile); err != nil {
		t.Fatal(err)
	}
	return ca, s, certFile
}

func TestCAFiles(t *testing.T) {
	ca, s, _ := freshBus(t)
	for file, mode := range map[string]os.FileMode{
		"ca.key": 0o600, bridge + ".key": 0o600, "ca.crt": 0o644, bridge + ".crt": 0o644, "crl.pem": 0o644, "issued.json": 0o644,
	} {
		info, err := os.Stat(ca.path(file))
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, want %v", file, info.Mode().Perm(), mode)
		}
	}
	if s.Name() != bridge {
		t.Errorf("the signer is %q", s.Name())
	}
	if d := time.Until(s.NotAfter()); d < 29*24*time.Hour || d > 31*24*time.Hour {
		t.Errorf("the certificate lasts %v", d)
	}
	if left, err := filepath.Glob(ca.path(".new-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestCAOverwritesNothing(t *testing.T) {
	ca, _, _ := freshBus(t)
	before := map[string]string{}
	for _, f := range []string{"ca.crt", "ca.key", bridge + ".crt", bridge + ".key"} {
		text, err := os.ReadFile(ca.path(f))
		if err != nil {
			t.Fatal(err)
		}
		before[f] = string(text)
	}
	if _, err := CreateCA(ca.dir, "Another CA", 1); err == nil {
		t.Error("a second CA was made in the same directory")
	}
	if _, _, err := ca.Issue(bridge, 1); err == nil || !strings.Contains(err.Error(), "hint") {
		t.Errorf("a second certificate for one name: %v", err)
	}
	for f, text := range before {
		if now, err := os.ReadFile(ca.path(f)); err != nil || string(now) != text {
			t.Errorf("%s has changed (%v)", f, err)
		}
	}
}

func TestCARefuses(t *testing.T) {
	ca, _, _ := freshBus(t)
	for _, name := range []string{"", "ca", "../x", "a/b", ".hidden", "a b", "é", strings.Repeat("a", 65)} {
		if _, _, err := ca.Issue(name, 1); err == nil {
			t.Errorf("issued a certificate for %q", name)
		}
	}
	if _, _, err := ca.Issue("x", 0); err == nil {
		t.Error("issued a certificate for no days")
	}
	if _, err := ca.CRL(0); err == nil {
		t.Error("made a list for no days")
	}
	if err := ca.Revoke("nobody"); err == nil {
		t.Error("revoked a certificate that is not there")
	}
	if _, err := CreateCA(t.TempDir(), "", 1); err == nil {
		t.Error("made a CA without a name")
	}
	if _, err := CreateCA(t.TempDir(), "x", 0); err == nil {
		t.Error("made a CA for no years")
	}
	if _, err := OpenCA(t.TempDir()); err == nil {
		t.Error("opened a CA that is not there")
	}
	if err := os.WriteFile(ca.path("issued.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ca.List(); err == nil {
		t.Error("read a broken index")
	}
	if _, _, err := ca.Issue("x", 1); err == nil {
		t.Error("issued a certificate that nobody can revoke")
	}
}

func TestCARevoke(t *testing.T) {
	ca, s, _ := freshBus(t)
	again, err := OpenCA(ca.dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Revoke(bridge); err != nil {
		t.Fatal(err)
	}
	if _, err := ca.CRL(30); err != nil {
		t.Fatal(err)
	}
	if err := ca.Revoke(bridge); err == nil {
		t.Error("revoked twice")
	}
	list, err := ca.List()
	if err != nil || len(list) != 1 || list[0].Name != bridge || list[0].Revoked.IsZero() ||
		list[0].Serial != serial(certOf(s).cert.SerialNumber) || !list[0].NotAfter.Equal(s.NotAfter()) {
		t.Errorf("the list is %+v (%v)", list, err)
	}
	file, err := ca.CRL(1)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	crls, err := parseCRLs(text, []*x509.Certificate{ca.cert})
	if err != nil || len(crls) != 1 || !crls[0].serials[list[0].Serial] {
		t.Errorf("the revocation list is %+v (%v)", crls, err)
	}
}

func TestCAManyAtOnce(t *testing.T) {
	ca, _, _ := freshBus(t)
	names := []string{"a", "b", "c", "d"}
	var wg sync.WaitGroup
	for _, name := range names {
		wg.Go(func() {
			c, err := OpenCA(ca.dir)
			if err == nil {
				_, _, err = c.Issue(name, 1)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list, err := ca.List(); err != nil || len(list) != 1+len(names) {
		t.Errorf("%d certificates are noted, want %d (%v)", len(list), 1+len(names), err)
	}
}

func TestCAEndsFirst(t *testing.T) {
	ca, _, _ := freshBus(t)
	certFile, keyFile, err := ca.Issue("long", 10000)
	if err != nil {
		t.Fatal(err)
	}
	s, err := LoadSigner(certFile, keyFile)
	if err != nil || !s.NotAfter().Equal(ca.cert.NotAfter) {
		t.Errorf("the certificate outlives its CA: %v", err)
	}
}
