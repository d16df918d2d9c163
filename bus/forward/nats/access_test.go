package nats

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"busbar/fixtures/cluster"
)

// authorities makes two authorities, and certificates of the first for the server and
// for us, in a folder.
func authorities(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, kind string, der []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	make := func(name string, of *x509.Certificate, by *ecdsa.PrivateKey, serial int64) (*x509.Certificate, *ecdsa.PrivateKey) {
		t.Helper()
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		if of == nil {
			c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
			of, by = c, key
		}
		der, err := x509.CreateCertificate(rand.Reader, c, of, &key.PublicKey, by)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		write(name+".crt", "CERTIFICATE", der)
		write(name+".key", "PRIVATE KEY", secret)
		return c, key
	}
	ca, key := make("ca", nil, nil, 1)
	make("server", ca, key, 2)
	make("client", ca, key, 3)
	make("other", nil, nil, 4)
	return dir
}

// goes forwards three messages.
func (s *Sink) goes(t *testing.T) error {
	t.Helper()
	_, _, err := s.Check(t.Context())
	if err != nil {
		return err
	}
	p := newSpeaker(t)
	p.say(3)
	run(t, &shelf{Store: p}, s.again()).reaches(3)
	return nil
}

// TestTLS: the server must show a certificate of the authority that is named, and gets
// ours; without either nothing goes.
func TestTLS(t *testing.T) {
	t.Parallel()
	dir := authorities(t)
	file := func(name string) string { return filepath.Join(dir, name) }
	n := ownServer(t, cluster.NATSOptions{Config: fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }", file("server.crt"), file("server.key"), file("ca.crt"))})
	plain := ownServer(t, cluster.NATSOptions{})
	good := Access{CA: file("ca.crt"), Certificate: file("client.crt"), Key: file("client.key")}
	for _, c := range []struct {
		name   string
		access Access
		scheme string
		server *cluster.NATS
		want   string // of the error; empty: it goes
	}{
		{"good", good, "nats", n, ""},
		{"named as TLS", good, "tls", n, ""},
		{"another authority", Access{CA: file("other.crt"), Certificate: good.Certificate, Key: good.Key}, "tls", n, "unknown authority"},
		{"the system's authorities", Access{Certificate: good.Certificate, Key: good.Key}, "tls", n, "unknown authority"},
		{"no certificate of ours", Access{CA: good.CA}, "tls", n, ""},
		{"a server without TLS", good, "tls", plain, "the server has no TLS"},
		{"a server without TLS, and an authority", Access{CA: good.CA}, "nats", plain, "the server has no TLS"},
		{"a missing file", Access{CA: file("none.crt")}, "tls", n, "none.crt"},
		{"no certificate in the file", Access{CA: file("ca.key")}, "tls", n, "no certificate is in it"},
		{"a key of another", Access{CA: good.CA, Certificate: good.Certificate, Key: file("server.key")}, "tls", n, "private key does not match"},
	} {
		s := sinkTo(c.server)
		s.Access, s.Servers = c.access, []string{c.scheme + "://" + c.server.Address}
		err := s.goes(t)
		if c.name == "no certificate of ours" { // as TLS 1.3 has it, that shows later, in one way or another
			if err == nil {
				t.Errorf("%s: it goes", c.name)
			}
			continue
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestAccess: as user, with a token and with an NKey; and with the wrong one not.
func TestAccess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	users := ownServer(t, cluster.NATSOptions{Config: fmt.Sprintf("authorization { users: [ { user: me, password: right }, { nkey: %s } ] }", public)})
	token := ownServer(t, cluster.NATSOptions{Config: "authorization { token: \"sesame\" }"})
	for _, c := range []struct {
		name   string
		access Access
		server *cluster.NATS
		want   string
	}{
		{"user", Access{User: "me", PasswordFile: file("right", "right\n# changed in July\n")}, users, ""},
		{"wrong password", Access{User: "me", PasswordFile: file("wrong", "wrong")}, users, "look at [forward] user"},
		{"nobody", Access{}, users, "look at [forward] user"},
		{"nkey", Access{NkeyFile: file("seed", string(seed)+"\n")}, users, ""},
		{"no seed", Access{NkeyFile: file("noseed", "none\n")}, users, "reading the seed"},
		{"token", Access{TokenFile: file("token", "sesame\r\n")}, token, ""},
		{"wrong token", Access{TokenFile: file("other", "sesam")}, token, "look at [forward] user"},
		{"missing file", Access{TokenFile: dir + "/none"}, token, "reading the token"},
		{"missing credentials", Access{Credentials: dir + "/none"}, token, "none"},
	} {
		s := sinkTo(c.server)
		s.Access = c.access
		err := s.goes(t)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "right") || strings.Contains(err.Error(), "sesam")) {
			t.Errorf("%s: the error shows the secret: %v", c.name, err)
		}
	}
}

// TestPermissions: what the page says is enough, and what is missing is said.
func TestPermissions(t *testing.T) {
	t.Parallel()
	user := func(name, publish string) string {
		return fmt.Sprintf("{ user: %s, password: x, permissions: { publish: [ %s ], subscribe: [ \"_INBOX.>\" ] } }", name, publish)
	}
	api := `"$JS.API.STREAM.INFO.NOTES", "$JS.API.STREAM.CREATE.NOTES", "$JS.API.STREAM.MSG.GET.NOTES"`
	n := ownServer(t, cluster.NATSOptions{Config: "authorization { users: [ " + user("enough", `"org.example.>", `+api) + ", " + user("silent", api) + ", " + user("blind", `"org.example.>"`) + " ] }"})
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	as := func(name string) *Sink {
		s := sinkTo(n)
		s.Access = Access{User: name, PasswordFile: password}
		return s
	}
	if err := as("enough").goes(t); err != nil {
		t.Error(err)
	}
	p := newSpeaker(t)
	p.say(6) // three of which the stream has
	for _, name := range []string{"silent", "blind"} {
		r := run(t, &shelf{Store: p}, as(name))
		eventually(t, name+" is told what is missing", func() bool {
			err := r.Err()
			return err != nil && strings.Contains(err.Error(), "must be allowed to publish")
		})
		r.stop()
	}
	if _, _, err := as("blind").Check(t.Context()); err == nil || !strings.Contains(err.Error(), "must be allowed to publish") {
		t.Errorf("a check that may ask nothing says %v", err)
	}
}
