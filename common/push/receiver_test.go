package push

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/common/secret"
)

// A receiver is the far side: a server with TLS that verifies by itself.
type receiver struct {
	t      testing.TB
	server *httptest.Server
	secret string // as in the file
	file   string // that holds it
	ca     string

	stalled sync.Mutex // held by who stalls it

	mu       sync.Mutex
	got      [][]byte
	requests []*http.Request
	bad      int // requests that were not signed as they should be
	// answer, if set, answers in its place, unless it gives false.
	answer func(w http.ResponseWriter, r *http.Request, lines [][]byte) bool
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	dir := t.TempDir()
	key := make([]byte, 32)
	rand.Read(key)
	r := &receiver{t: t, secret: "whsec_" + base64.StdEncoding.EncodeToString(key), file: filepath.Join(dir, "secret"), ca: filepath.Join(dir, "ca.pem")}
	r.write(r.file, r.secret)
	r.server = httptest.NewUnstartedServer(r)
	r.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t)}}
	r.server.StartTLS()
	t.Cleanup(r.server.Close)
	r.write(r.ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.server.Certificate().Raw})))
	return r
}

// certificate is one for 127.0.0.1 and its key, of nobody else's: crypto/tls shares
// those that it knows between all connections.
func certificate(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

func (r *receiver) write(file, text string) {
	r.t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *receiver) sink() *Sink {
	return &Sink{URL: secret.NewURL(r.server.URL + "/push"), SecretFile: r.file, CA: r.ca, Timeout: 20 * time.Second}
}

// ServeHTTP takes the lines of a request that is signed.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // it was cut: nothing counts
	}
	r.stalled.Lock()
	defer r.stalled.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.signed(req, body); err != nil {
		r.bad++
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	r.requests = append(r.requests, req)
	var lines [][]byte
	for line := range bytes.Lines(body) {
		lines = append(lines, bytes.TrimSuffix(line, []byte("\n")))
	}
	if r.answer == nil || !r.answer(w, req, lines) {
		r.got = append(r.got, lines...)
		w.WriteHeader(http.StatusNoContent)
	}
}

// signed checks what the specification asks for.
func (r *receiver) signed(req *http.Request, body []byte) error {
	id, stamp := req.Header.Get("webhook-id"), req.Header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if age := time.Since(time.Unix(seconds, 0)).Abs(); err != nil || age > 5*time.Minute || id == "" || strings.Contains(id, ".") {
		return fmt.Errorf("id %q, time %q", id, stamp)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.secret, "whsec_"))
	if err != nil {
		return err
	}
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "%s.%s.%s", id, stamp, body)
	want := "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
	for _, one := range strings.Fields(req.Header.Get("webhook-signature")) {
		if hmac.Equal([]byte(one), []byte(want)) {
			return nil
		}
	}
	return fmt.Errorf("the signature is not right")
}

func (r *receiver) messages() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([][]byte(nil), r.got...)
}

// then has the receiver answer so, from now on; nil: as it should.
func (r *receiver) then(answer func(w http.ResponseWriter, r *http.Request, lines [][]byte) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}
