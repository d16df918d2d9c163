package irc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/desttest"
	"busbar/fixtures/ports"
)

// TestRefusals: a real server's, and who is refused holds up nobody.
func TestRefusals(t *testing.T) {
	t.Parallel()
	r := startServer(t, "[Channel]\nName = #invited\nModes = tnpi\n[Channel]\nName = #locked\nModes = tnpk\nKey = tea\n[Channel]\nName = #quiet\nModes = tnpm\n[Channel]\nName = #full\nModes = tnpl\nMaxUsers = 1\n")
	first := meet(t, r.Address, "first", "#full", "#open")
	defer first.leave()
	d := open(t, Network{Name: "net", Server: r.Address, Plaintext: true, Nick: "busbar", Burst: 100, Channels: []string{"#open", "#locked tea", "#invited"}})
	defer d.Close()
	for i, c := range []struct {
		to   string
		fate dest.Fate
	}{
		{"#invited", dest.Dead}, {"#quiet", dest.Dead}, {"nobody", dest.Dead}, {"#full", dest.RetryOne}, {"#open", -1}, {"#locked", -1}, {"first", -1},
	} {
		err := d.Send(t.Context(), desttest.Note(fmt.Sprint("r-", i), c.to, "mark"))
		if (err == nil) != (c.fate < 0) || err != nil && (dest.FateOf(err).Fate != c.fate || !strings.Contains(err.Error(), c.to)) {
			t.Errorf("%s: %v", c.to, err)
		}
	}
	first.sees(func(line string) bool { return strings.Contains(line, "PRIVMSG #open") })
	// Thrown out, it comes again; kept out, it says so.
	first.say("MODE #open +o busbar", "KICK #open busbar :out")
	first.sees(func(line string) bool {
		return strings.Contains(line, "482 first #open") || strings.Contains(line, "KICK #open busbar")
	})
	if err := d.Send(t.Context(), desttest.Note("k-1", "#open", "mark")); err != nil {
		t.Errorf("after a kick: %v", err)
	}
	first.say("MODE #open +b *!*@*")
	first.sees(func(line string) bool { return strings.Contains(line, "+b") })
	first.say("KICK #open busbar :out")
	first.sees(func(line string) bool { return strings.Count(line, "KICK") > 0 })
	var err error
	for end := time.Now().Add(patience); err == nil && time.Now().Before(end); { // until the kick has come
		err = d.Send(t.Context(), desttest.Note("k-2", "#open", "mark"))
	}
	if dest.FateOf(err).Fate != dest.Dead {
		t.Errorf("banned: %v", err)
	}
}

// TestNetworks: where there are several, one that is away holds up no other.
func TestNetworks(t *testing.T) {
	t.Parallel()
	r := startServer(t, "")
	nobody, err := ports.Address()
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, Network{Name: "here", Server: r.Address, Plaintext: true, Nick: "busbar"}, Network{Name: "away", Server: nobody, Plaintext: true, Nick: "busbar"})
	defer d.Close()
	if err := d.Send(t.Context(), desttest.Note("n-1", "away/#a", "mark")); dest.FateOf(err).Fate != dest.RetryOne {
		t.Errorf("away: %v", err)
	}
	if err := d.Send(t.Context(), desttest.Note("n-2", "HERE/#a", "mark")); err != nil {
		t.Errorf("here: %v", err)
	}
	for _, to := range []string{"#a", "jane", "there/#a"} {
		if d.Check(to) == nil {
			t.Errorf("%q says in which of two networks", to)
		}
	}
}

// TestComesBack: where a channel is configured it is there again after a cut, without
// anything to say; and a connection that is dead is noticed.
func TestComesBack(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := open(t, quick(r))
	defer d.Close()
	joins := func(line string) bool { // or is there before the person is
		return strings.Contains(line, "busbar!") && strings.Contains(line, "JOIN") || strings.Contains(line, " 353 ") && strings.Contains(line, "busbar")
	}
	r.person.sees(joins)
	r.stop()
	r.start()
	r.person.sees(joins)
}

// certificates is one for 127.0.0.1 that is its own authority, as files, and for a
// server that asks clients for theirs.
func certificates(t *testing.T) (cert, key string, server *tls.Config) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	text, err := x509.CreateCertificate(rand.Reader, form, form, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: text}, key: {Type: "PRIVATE KEY", Bytes: bare}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	own, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key, &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequestClientCert}
}
