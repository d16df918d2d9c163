package sign

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"busbar/common/event"
	"busbar/fixtures/corpus"
)

// wireFixtures holds the project's own messages, keys and verdicts.
const wireFixtures = "../../fixtures/wire"

// A verdictCase is one message, a configuration, and what is to be said of it.
// The captures of fedmsg have the same form.
type verdictCase struct {
	Name   string        `json:"name"`
	Body   []byte        `json:"body_b64"`
	Config verdictConfig `json:"config"`
	Result bool          `json:"result"`
	SHA256 bool          `json:"sha256,omitempty"`
	// Ours names the rule of ours by which fedmsg itself would say otherwise.
	Ours string `json:"ours,omitempty"`

	Fedmsg any `json:"fedmsg_result,omitempty"`
}

type verdictConfig struct {
	CA       string              `json:"ca"`
	CRL      *string             `json:"crl"`
	Expired  string              `json:"crl_expired,omitempty"` // "warn"; else as fedmsg
	Policy   map[string][]string `json:"routing_policy,omitempty"`
	Nitpicky bool                `json:"routing_nitpicky,omitempty"`
	Backends []string            `json:"crypto_validate_backends,omitempty"`
}

func (c verdictConfig) verifier(t testing.TB, dir string) *Verifier {
	t.Helper()
	o := VerifierOptions{
		CAFile: filepath.Join(dir, c.CA), CRLExpired: CRLRefuse, Backends: c.Backends,
		SHA1Only: []string{"*"}, // fedmsg's own rule; TestSHA1Alone has ours
		Policy:   Policy{Topics: c.Policy, Nitpicky: c.Nitpicky},
	}
	if c.CRL != nil {
		o.CRLFile = filepath.Join(dir, *c.CRL)
	}
	if c.Expired == "warn" {
		o.CRLExpired = CRLWarn
	}
	v, err := NewVerifier(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func tree(t testing.TB, body []byte) map[string]any {
	t.Helper()
	v, err := event.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := v.(map[string]any) // nil where it is not an object
	return m
}

func readJSON(t testing.TB, file string, v any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A spoken is a folder of what fedmsg says, and the one that its cases name files
// from.
type spoken struct{ dir, files, signer, relay string }

// eachSpoken runs a test on the fixtures in fedmsg's forms, which Python wrote,
// and on what the real fedmsg was seen to say, where captures are.
func eachSpoken(t *testing.T, test func(*testing.T, spoken)) {
	t.Run("fixtures", func(t *testing.T) {
		test(t, spoken{filepath.Join(wireFixtures, "fedmsg"), wireFixtures, "bridge-feeder.example.org", "shell-feeder.example.org"})
	})
	if dir, ok := corpus.Captures(t); ok {
		dir = filepath.Join(dir, "fedmsg")
		t.Run("captures", func(t *testing.T) {
			test(t, spoken{dir, dir, "bridge-testhost.example.org", "relay-testhost.example.org"})
		})
	}
}

func TestFedmsgVerdicts(t *testing.T) { eachSpoken(t, fedmsgVerdicts) }

func fedmsgVerdicts(t *testing.T, said spoken) {
	var file struct{ Cases []verdictCase }
	readJSON(t, filepath.Join(said.dir, "validate-x509.json"), &file)
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			want, _ := c.Fedmsg.(bool) // an exception's name: it must be false
			got := c.Config.verifier(t, said.files).Verify(tree(t, c.Body))
			if got.OK != want || got.OK != (got.Reason == "") {
				t.Errorf("got %+v, fedmsg said %v", got, c.Fedmsg)
			}
		})
	}
}

func TestFedmsgFrames(t *testing.T) { eachSpoken(t, fedmsgFrames) }

func fedmsgFrames(t *testing.T, said spoken) {
	var file struct {
		Cases []struct {
			Name      string
			Frames    [][]byte `json:"frames_b64"`
			Signed    []byte   `json:"signed_bytes_b64"`
			Signature string   `json:"signature_field"`
			Raw       []byte   `json:"signature_raw_b64"`
		}
		Certificate string `json:"certificate_field"`
	}
	readJSON(t, filepath.Join(said.dir, "frames-x509.json"), &file)
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	crl := "pki/crl.pem"
	v := verdictConfig{CA: "pki/ca.crt", CRL: &crl}.verifier(t, said.files)
	for _, c := range file.Cases {
		m := tree(t, c.Frames[1])
		if got := v.Verify(m); !got.OK || got.Strong || got.Signer != said.signer {
			t.Errorf("%s: %+v", c.Name, got)
		}
		if b, err := bytesSHA1(m); err != nil || string(b) != string(c.Signed) {
			t.Errorf("%s: signed bytes are %q (%v), want %q", c.Name, b, err, c.Signed)
		}
		if got := wrap(c.Raw); got != c.Signature {
			t.Errorf("%s: the signature is wrapped as %q, want %q", c.Name, got, c.Signature)
		}
	}
	text, err := base64.StdEncoding.DecodeString(file.Certificate)
	if err != nil || wrap(text) != file.Certificate {
		t.Errorf("the certificate is wrapped otherwise (%v)", err)
	}
}

func TestFedmsgSigningRelay(t *testing.T) { eachSpoken(t, fedmsgSigningRelay) }

func fedmsgSigningRelay(t *testing.T, said spoken) {
	var file struct {
		Cases []struct {
			Name, Relay string
			Out         [][]byte `json:"relay_out"`
		}
	}
	readJSON(t, filepath.Join(said.dir, "relay.json"), &file)
	v := verdictConfig{CA: "pki/ca.crt"}.verifier(t, said.files)
	n := 0
	for _, c := range file.Cases {
		if c.Relay != "fedmsg-signing-relay" || len(c.Out) != 2 {
			continue
		}
		n++
		if got := v.Verify(tree(t, c.Out[1])); !got.OK || got.Signer != said.relay {
			t.Errorf("%s: %+v", c.Name, got)
		}
	}
	if n == 0 {
		t.Error("no cases")
	}
}
