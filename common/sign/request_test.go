package sign

import (
	"bytes"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// request is a request, and a file with its keys.
func request(t *testing.T, name string) (text []byte, keyFile string) {
	t.Helper()
	text, key, err := NewRequest(name)
	if err != nil {
		t.Fatal(err)
	}
	keyFile = filepath.Join(t.TempDir(), name+".key")
	if err := os.WriteFile(keyFile, key, 0o600); err != nil {
		t.Fatal(err)
	}
	return text, keyFile
}

// TestRequestIsSigned: keys made elsewhere sign as those that the CA makes, with both
// algorithms, and the CA can revoke them.
func TestRequestIsSigned(t *testing.T) {
	dir := t.TempDir()
	ca, err := CreateCA(dir, "Test CA", 1)
	if err != nil {
		t.Fatal(err)
	}
	text, keyFile := request(t, "mail2bus-far")
	r, err := ReadRequest(text)
	if err != nil {
		t.Fatal(err)
	}
	crt, err := ca.Sign(r, 90)
	if err != nil {
		t.Fatal(err)
	}
	if exists(filepath.Join(dir, "mail2bus-far.key")) {
		t.Error("the CA has a private key, which was made elsewhere")
	}
	certificate, err := os.ReadFile(crt)
	if err != nil {
		t.Fatal(err)
	}
	if err := Answers(certificate, keyFile, filepath.Join(dir, "ca.crt")); err != nil {
		t.Error(err)
	}
	signer, err := LoadSigner(crt, keyFile)
	if err != nil || signer.Name() != "mail2bus-far" {
		t.Fatalf("%v, %v", signer, err)
	}
	if cert, err := parseCertificate(certificate); err != nil {
		t.Error(err)
	} else if strong, err := strongKey(cert); err != nil || strong == nil {
		t.Errorf("the certificate has no Ed25519 key: %v", err)
	}
	if _, err := ca.Sign(r, 90); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("signed a second time: %v", err)
	}
	if err := ca.Revoke("mail2bus-far"); err != nil {
		t.Error(err)
	}
	list, err := ca.List()
	if err != nil || len(list) != 1 || !list[0].Requested || list[0].Pending != "" {
		t.Errorf("the CA notes %+v, %v", list, err)
	}
}

// TestSignIsFinished: a command that was cut off after it noted the certificate is
// finished by the same one.
func TestSignIsFinished(t *testing.T) {
	dir := t.TempDir()
	ca, err := CreateCA(dir, "Test CA", 1)
	if err != nil {
		t.Fatal(err)
	}
	text, keyFile := request(t, "mail2bus-far")
	r, err := ReadRequest(text)
	if err != nil {
		t.Fatal(err)
	}
	ca.disk.stop = func(step string) error {
		if step == "before mail2bus-far.crt" {
			return os.ErrDeadlineExceeded
		}
		return nil
	}
	if _, err := ca.Sign(r, 90); err == nil {
		t.Fatal("it was not cut off")
	}
	ca.disk.stop = nil
	crt, err := ca.Sign(r, 90)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LoadSigner(crt, keyFile); err != nil {
		t.Error(err)
	}
}

// TestForeignRequests: what shows no keys, or a name that is none, is refused.
func TestForeignRequests(t *testing.T) {
	ours, _ := request(t, "mail2bus-far")
	theirs, _ := request(t, "mail2bus-far")
	block, rest := pem.Decode(ours)
	_, other := pem.Decode(theirs)
	broken := bytes.Clone(block.Bytes)
	broken[len(broken)-1] ^= 1
	for what, c := range map[string]struct {
		text []byte
		want string
	}{
		"nothing":            {nil, "not a PEM certificate request"},
		"a certificate":      {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: block.Bytes}), "not a PEM certificate request"},
		"no proof":           {ours[:len(ours)-len(rest)], "is the file whole"},
		"another's proof":    {append(bytes.Clone(ours[:len(ours)-len(rest)]), other...), "is the file whole"},
		"a broken signature": {append(pem.EncodeToMemory(&pem.Block{Type: pemRequest, Bytes: broken}), rest...), "reading a request"},
		"too much":           {bytes.Repeat([]byte("\n"), maxRequest+1), "more than"},
	} {
		if r, err := ReadRequest(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want %q", what, r, err, c.want)
		}
	}
	for _, name := range []string{"", "ca", "../x", "a b"} {
		if _, _, err := NewRequest(name); err == nil {
			t.Errorf("a request for the name %q is made", name)
		}
	}
}

// TestWrongAnswers: a certificate of other keys, or of another authority.
func TestWrongAnswers(t *testing.T) {
	dir, far := t.TempDir(), t.TempDir()
	ca, err := CreateCA(dir, "Test CA", 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CreateCA(far, "Test CA", 1); err != nil {
		t.Fatal(err)
	}
	text, keyFile := request(t, "mail2bus-far")
	r, err := ReadRequest(text)
	if err != nil {
		t.Fatal(err)
	}
	crt, err := ca.Sign(r, 90)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := os.ReadFile(crt)
	if err != nil {
		t.Fatal(err)
	}
	_, otherKey := request(t, "mail2bus-far")
	for want, err := range map[string]error{
		"is not of the key":    Answers(certificate, otherKey, filepath.Join(dir, "ca.crt")),
		"was not issued by":    Answers(certificate, keyFile, filepath.Join(far, "ca.crt")),
		"no such file":         Answers(certificate, keyFile, filepath.Join(dir, "none")),
		"not a PEM":            Answers(text, keyFile, filepath.Join(dir, "ca.crt")),
		"reading the CA certi": Answers(certificate, keyFile, keyFile),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// FuzzReadRequest: whatever somebody hands in, what is read has a name and a key that
// a certificate may have.
func FuzzReadRequest(f *testing.F) {
	text, _, err := NewRequest("mail2bus-far")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ReadRequest(text)
		if err != nil {
			return
		}
		if checkName(r.Name) != nil || r.rsa == nil || r.rsa.N.BitLen() < keyBits {
			t.Fatalf("it is read as %+v", r)
		}
	})
}
