package hub

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"busbar/common/archive"
)

// issue makes a certificate and key by which a server or a client shows itself, in two
// files.
func issue(t *testing.T, dir, name string) (crt, key string) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, c, own.Public(), own)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	crt, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	write(t, crt, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text})))
	return crt, key
}

// TestTLS: the hub serves TLS by itself; who shows a certificate of the authority may
// push, and a certificate that was renewed is shown without a restart.
func TestTLS(t *testing.T) {
	dir, log := t.TempDir(), slog.New(slog.NewTextHandler(t.Output(), nil))
	crt, key := issue(t, dir, "hub")
	clientCrt, clientKey := issue(t, dir, "mail")
	strangerCrt, strangerKey := issue(t, dir, "stranger")
	config, err := tlsConfig(crt, key, clientCrt, log)
	if err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(t.Context(), archive.Options{Path: filepath.Join(dir, "archive.db")})
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(a, func(string, string) bool { return false })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	senders, err := newSenders(nil, "", log)
	if err != nil {
		t.Fatal(err)
	}
	h := startOn(t, a, func(o *serverOptions) { o.TLS, o.Push = config, newPush(senders, nil, s, log, true) })
	post := func(crt, key string) int {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, "hub.crt"))
		if err != nil {
			t.Fatal(err)
		}
		own := &tls.Config{RootCAs: x509.NewCertPool()}
		own.RootCAs.AppendCertsFromPEM(text)
		if crt != "" {
			pair, err := tls.LoadX509KeyPair(crt, key)
			if err != nil {
				t.Fatal(err)
			}
			// Whatever the server asks for: a stranger shows what he has.
			own.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		client := http.Client{Transport: &http.Transport{TLSClientConfig: own, DisableKeepAlives: true}}
		resp, err := client.Post("https"+h.url[len("http"):]+"/push", "application/x-ndjson", bytes.NewReader(lines(t, "mail", 1, 2)))
		if err != nil {
			t.Log(err)
			return 0
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := post(strangerCrt, strangerKey); got != 0 {
		t.Errorf("a stranger's certificate is answered with %d", got)
	}
	if got := post("", ""); got != http.StatusUnauthorized {
		t.Errorf("without a certificate: %d", got)
	}
	if got := post(clientCrt, clientKey); got != http.StatusOK {
		t.Errorf("with a certificate: %d", got)
	}
	if r := h.o.Push.counts.report(); len(r.Senders) != 1 || r.Senders[0].Sender != "mail" {
		t.Errorf("the senders are %v", r.Senders)
	}
	issue(t, dir, "hub")
	for end := time.Now().Add(3 * time.Minute); post(clientCrt, clientKey) != http.StatusOK; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the new certificate is not shown")
		}
	}
}
