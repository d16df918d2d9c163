package sign

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
)

func verifierOf(t testing.TB, ca *CA, o VerifierOptions) *Verifier {
	t.Helper()
	o.CAFile = ca.path("ca.crt")
	v, err := NewVerifier(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func signedBy(t testing.TB, s *Signer) map[string]any {
	t.Helper()
	m := message()
	if err := s.Sign(m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSealIsSign: a message that is encoded once says the same as its tree.
func TestSealIsSign(t *testing.T) {
	for _, name := range []string{bridge, strong} {
		s := fixtureSigner(t, name)
		want, err := event.Canonical(signedBy(t, s))
		if err != nil {
			t.Fatal(err)
		}
		for _, before := range []map[string]any{message(), signedBy(t, fixtureSigner(t, bridge)), signedBy(t, fixtureSigner(t, strong))} {
			m, err := event.Encode(before)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Seal(m); err != nil {
				t.Fatal(err)
			}
			if got := string(m.Bytes()); got != string(want) {
				t.Errorf("%s seals\n%s\nand signs\n%s", name, got, want)
			}
		}
	}
}

// TestNoLongerThanBefore: the second key makes messages shorter.
func TestNoLongerThanBefore(t *testing.T) {
	size := func(name string) int {
		b, err := event.Canonical(signedBy(t, fixtureSigner(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		return len(b)
	}
	if one, two := size(bridge), size(strong); two >= one {
		t.Errorf("%d bytes with an Ed25519 signature, %d with RSA and SHA-256", two, one)
	}
}

// TestNoDowngrade: a publisher whose certificate has an Ed25519 key is believed by
// that alone, but by those who ask no more of it than SHA-1.
func TestNoDowngrade(t *testing.T) {
	s := fixtureSigner(t, strong)
	for _, o := range []VerifierOptions{{}, {SHA1Only: []string{"*"}}, {SHA1Only: []string{bridge}}, {SHA1Only: []string{strong}}, {Both: true}, {Both: true, SHA1Only: []string{"*"}}} {
		o.CAFile = filepath.Join(wireFixtures, "pki", "ca.crt")
		v, err := NewVerifier(o)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Verify(signedBy(t, s)); !got.OK || !got.Strong || got.Signer != strong {
			t.Errorf("%+v: %+v", o, got)
		}
		weak := v.mayBeWeak(strong)
		for name, change := range map[string]func(m map[string]any){
			"taken away": func(m map[string]any) { delete(m, memberEd25519) },
			"null":       func(m map[string]any) { m[memberEd25519] = nil },
			"empty":      func(m map[string]any) { m[memberEd25519] = "" },
			"wrapped":    func(m map[string]any) { m[memberEd25519] = m[memberEd25519].(string) + "\n" },
			"spare bits": func(m map[string]any) { m[memberEd25519] = strings.Replace(m[memberEd25519].(string), "==", "=", 1) },
			"SHA-256": func(m map[string]any) {
				delete(m, memberEd25519)
				encoded, err := event.Encode(m)
				if err != nil {
					t.Fatal(err)
				}
				encoded.Delete(memberSignature)
				if m[memberSHA256], err = certOf(s).rsa(memberSHA256, encoded); err != nil {
					t.Fatal(err)
				}
			},
		} {
			m := signedBy(t, s)
			change(m)
			signWeak(t, s, m, true) // the attacker can make SHA-1 hold
			_, there := m[memberEd25519]
			if got := v.Verify(m); got.OK != (weak && !there) {
				t.Errorf("%s, %+v: %+v", name, o, got)
			} else if !weak && !there && !strings.Contains(got.Reason, "sha1_only") {
				t.Errorf("%s: the reason does not say what to do: %s", name, got.Reason)
			}
		}
		broken := signedBy(t, s)
		broken[memberSignature] = broken[memberCertificate]
		if got := v.Verify(broken); got.OK == o.Both {
			t.Errorf("fedmsg's signature does not hold, %+v: %+v", o, got)
		}
	}
}

// TestReducedNumbers: a signature whose number is not reduced is another text for
// the same signature.
func TestReducedNumbers(t *testing.T) {
	s := fixtureSigner(t, strong)
	m := signedBy(t, s)
	raw, err := base64.StdEncoding.DecodeString(m[memberEd25519].(string))
	if err != nil {
		t.Fatal(err)
	}
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	number := new(big.Int).SetBytes(reversedBytes(raw[32:]))
	number.Add(number, order)
	copy(raw[32:], reversedBytes(number.FillBytes(make([]byte, 32))))
	m[memberEd25519] = base64.StdEncoding.EncodeToString(raw)
	signWeak(t, s, m, true)
	v, err := NewVerifier(VerifierOptions{CAFile: filepath.Join(wireFixtures, "pki", "ca.crt")})
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Verify(m); got.OK {
		t.Error("a signature is believed in a second form")
	}
}

func reversedBytes(b []byte) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[len(b)-1-i] = b[i]
	}
	return out
}

// TestWeakPoints: under these keys the standard library believes signatures that
// anybody can write, so no certificate may have one.
func TestWeakPoints(t *testing.T) {
	keys := [][32]byte{}
	for _, p := range smallOrder {
		for _, sign := range []byte{0, 0x80} {
			p[31] = p[31]&0x7f | sign
			keys = append(keys, p)
		}
	}
	for low := byte(fieldEnd); low != 0; low++ { // not reduced
		p := [32]byte{low}
		for i := 1; i < 31; i++ {
			p[i] = 0xff
		}
		p[31] = 0x7f
		keys = append(keys, p)
	}
	forged := 0
	for _, key := range keys {
		if !weakPoint(key[:]) {
			t.Errorf("%x is taken for an honest key", key)
		}
		// The neutral point and the number 0 hold for one text in eight or more.
		signature := append([]byte{1}, make([]byte, 63)...)
		for i := range 100 {
			if ed25519.Verify(key[:], []byte{byte(i)}, signature) {
				forged++
				break
			}
		}
	}
	if forged < len(smallOrder) {
		t.Errorf("only %d of %d keys let a forged signature hold: the test tries the wrong one", forged, len(keys))
	}
	for range 1000 {
		key, _, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if weakPoint(key) {
			t.Errorf("%x is refused", key)
		}
	}
}

// TestSecondKeysOfCertificates: what a certificate may say beside its RSA key.
func TestSecondKeysOfCertificates(t *testing.T) {
	ca, _, _ := freshBus(t)
	rsaSigner := fixtureSigner(t, bridge)
	issue := func(value []byte, critical bool) *Signer {
		template, err := ca.template(bridge, &certOf(rsaSigner).key.PublicKey, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		template.ExtraExtensions = []pkix.Extension{{Id: altPublicKey, Value: value, Critical: critical}}
		der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, &certOf(rsaSigner).key.PublicKey, ca.key)
		if err != nil {
			t.Fatal(err)
		}
		c := *certOf(rsaSigner)
		c.field = wrap(pemOf(der))
		return &Signer{&c, c.name, rsaSigner.notAfter}
	}
	info := func(oid asn1.ObjectIdentifier, key []byte) []byte {
		der, err := asn1.Marshal(struct {
			Algorithm pkix.AlgorithmIdentifier
			Key       asn1.BitString
		}{pkix.AlgorithmIdentifier{Algorithm: oid}, asn1.BitString{Bytes: key, BitLength: 8 * len(key)}})
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	ed := asn1.ObjectIdentifier{1, 3, 101, 112}
	v := verifierOf(t, ca, VerifierOptions{})
	for name, c := range map[string]struct {
		value    []byte
		critical bool
		ok       bool
	}{
		"another kind of key": {info(asn1.ObjectIdentifier{1, 3, 101, 113}, make([]byte, 57)), false, true},
		"nothing":             {nil, false, false},
		"no key":              {[]byte{5, 0}, false, false},
		"a short key":         {info(ed, make([]byte, 31)), false, false},
		"the point zero":      {info(ed, make([]byte, 32)), false, false},
		"more behind it":      {append(info(ed, certOf(rsaSigner).cert.Signature[:32]), 0), false, false},
		"critical":            {info(asn1.ObjectIdentifier{1, 3, 101, 113}, make([]byte, 57)), true, false},
	} {
		if got := v.Verify(signedBy(t, issue(c.value, c.critical))); got.OK != c.ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestAddEd25519 takes a publisher with an RSA key alone through the change.
func TestAddEd25519(t *testing.T) {
	ca := testCA(t, "Test CA", time.Now())
	issueRSA(t, ca, shell, 30)
	crt, key := ca.path(shell+".crt"), ca.path(shell+".key")
	load := func() *Signer {
		t.Helper()
		s, err := LoadSigner(crt, key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := load()
	past := signedBy(t, before)
	if past[memberSHA256] == nil || past[memberEd25519] != nil {
		t.Error("an RSA key alone signs otherwise than before")
	}
	if _, _, err := ca.AddEd25519(shell, 30); err != nil {
		t.Fatal(err)
	}
	after := load()
	now := signedBy(t, after)
	if now[memberEd25519] == nil || now[memberSHA256] != nil || !certOf(after).key.Equal(certOf(before).key) {
		t.Error("the second key is not used, or the first is another")
	}
	if _, err := ca.CRL(30); err != nil {
		t.Fatal(err)
	}
	verify := func(want bool) {
		t.Helper()
		v := verifierOf(t, ca, VerifierOptions{CRLFile: ca.path("crl.pem")})
		for what, m := range map[string]map[string]any{"the old certificate": past, "the new one": now} {
			if got := v.Verify(m); got.OK != want {
				t.Errorf("%s: %+v", what, got)
			}
		}
	}
	verify(true)
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode: %v, %v", info, err)
	}
	for _, refused := range []string{shell, "nobody", "ca"} {
		if _, _, err := ca.AddEd25519(refused, 30); err == nil {
			t.Errorf("added to %s", refused)
		}
	}
	// The keys' file of before does not do for the new certificate.
	alone := filepath.Join(t.TempDir(), "alone.key")
	text, err := (&keySet{rsa: certOf(after).key}).pem()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(alone, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadSigner(crt, alone); err == nil || !strings.Contains(err.Error(), "Ed25519") {
		t.Errorf("loaded without the second key: %v", err)
	}
	if err := ca.Revoke(shell); err != nil {
		t.Fatal(err)
	}
	if _, err := ca.CRL(30); err != nil {
		t.Fatal(err)
	}
	verify(false)
	issueRSA(t, ca, "gone", 30)
	if err := ca.Revoke("gone"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ca.AddEd25519("gone", 30); err == nil {
		t.Error("added to what is revoked")
	}
}
