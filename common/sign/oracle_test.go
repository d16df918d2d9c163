package sign

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"busbar/common/event"
)

type answer struct {
	OK             bool
	Signer, Reason string
}

// python runs testdata/verify.py, which knows fedmsg's rules and nothing of
// this package, over messages.
func python(t *testing.T, bodies [][]byte, args ...string) []answer {
	t.Helper()
	const interpreter = "/usr/bin/python3"
	if exec.Command(interpreter, "-c", "import cryptography").Run() != nil {
		t.Fatal("the cryptography of Python is not installed: make deps installs it")
	}
	cmd := exec.Command(interpreter, append([]string{"testdata/verify.py"}, args...)...)
	var in bytes.Buffer
	for _, b := range bodies {
		in.Write(bytes.ReplaceAll(b, []byte("\n"), nil)) // stands between tokens only
		in.WriteByte('\n')
	}
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	var refused *exec.ExitError
	if err != nil && !errors.As(err, &refused) {
		t.Fatal(err)
	}
	var answers []answer
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var a answer
		if err := d.Decode(&a); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(bodies) {
		t.Fatalf("%d answers to %d messages", len(answers), len(bodies))
	}
	return answers
}

// TestPythonVerdicts asks fedmsg's rules about our fixtures. They must agree
// but where a rule is ours.
func TestPythonVerdicts(t *testing.T) {
	var file struct{ Cases []verdictCase }
	readJSON(t, filepath.Join(wireFixtures, "signed.json"), &file)
	groups := map[string][]verdictCase{}
	for _, c := range file.Cases {
		if c.Ours != "" {
			continue
		}
		key, err := json.Marshal(c.Config)
		if err != nil {
			t.Fatal(err)
		}
		groups[string(key)] = append(groups[string(key)], c)
	}
	for _, cases := range groups {
		config := cases[0].Config
		policy, err := json.Marshal(config.Policy)
		if err != nil {
			t.Fatal(err)
		}
		policyFile := filepath.Join(t.TempDir(), "policy.json")
		if err := os.WriteFile(policyFile, policy, 0o644); err != nil {
			t.Fatal(err)
		}
		args := []string{"--ca", filepath.Join(wireFixtures, config.CA), "--policy", policyFile}
		if config.CRL != nil {
			args = append(args, "--crl", filepath.Join(wireFixtures, *config.CRL))
		}
		var bodies [][]byte
		for _, c := range cases {
			bodies = append(bodies, c.Body)
		}
		for i, a := range python(t, bodies, args...) {
			if a.OK != cases[i].Result {
				t.Errorf("%s: Python says %+v, we say %v", cases[i].Name, a, cases[i].Result)
			}
		}
	}
}

// TestPythonReadsFreshKeys goes the whole way: a new CA, a new key, a signed
// message, and a subscriber that knows only fedmsg.
func TestPythonReadsFreshKeys(t *testing.T) {
	ca, s, _ := freshBus(t)
	m := message()
	if err := s.Sign(m); err != nil {
		t.Fatal(err)
	}
	body, err := event.Canonical(m)
	if err != nil {
		t.Fatal(err)
	}
	a := python(t, [][]byte{body}, "--ca", ca.path("ca.crt"), "--crl", ca.path("crl.pem"))[0]
	if !a.OK || a.Signer != s.Name() {
		t.Errorf("Python says %+v", a)
	}
}

func openssl(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("openssl is not installed: make deps installs it")
	}
	out, err := exec.Command("openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestOpenSSLVerifiesAllSignatures(t *testing.T) {
	ca, fresh, cert := freshBus(t)
	old := filepath.Join(wireFixtures, "pki", bridge+".crt")
	dir := t.TempDir()
	for _, way := range []struct {
		signer       *Signer
		cert, member string
		bytes        func(map[string]any) ([]byte, error)
	}{
		{fixtureSigner(t, bridge), old, "signature", bytesSHA1}, {fixtureSigner(t, bridge), old, "signature_sha256", bytesSHA256},
		{fresh, cert, "signature", bytesSHA1}, {fresh, cert, "signature_ed25519", bytesEd25519},
	} {
		m := message()
		if err := way.signer.Sign(m); err != nil {
			t.Fatal(err)
		}
		b, err := way.bytes(m)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := unwrap(m[way.member].(string))
		if err != nil {
			t.Fatal(err)
		}
		data, signature, key := filepath.Join(dir, "data"), filepath.Join(dir, "signature"), filepath.Join(dir, "key.pub")
		if err := errors.Join(os.WriteFile(data, b, 0o644), os.WriteFile(signature, raw, 0o644)); err != nil {
			t.Fatal(err)
		}
		switch way.member {
		case "signature_ed25519":
			public, err := x509.MarshalPKIXPublicKey(certOf(way.signer).strong.Public())
			if err != nil {
				t.Fatal(err)
			}
			text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
			if err := os.WriteFile(key, text, 0o644); err != nil {
				t.Fatal(err)
			}
			openssl(t, "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", key, "-sigfile", signature, "-in", data)
		default:
			openssl(t, "x509", "-in", way.cert, "-noout", "-pubkey", "-out", key)
			digest := map[string]string{"signature": "-sha1", "signature_sha256": "-sha256"}[way.member]
			openssl(t, "dgst", digest, "-verify", key, "-signature", signature, data)
		}
	}
	openssl(t, "verify", "-x509_strict", "-CAfile", ca.path("ca.crt"), "-CRLfile", ca.path("crl.pem"), "-crl_check", cert)
}
