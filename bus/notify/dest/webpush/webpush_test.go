package webpush

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/desttest"
	"busbar/bus/notify/dest/outside"
	"busbar/common/config"
)

// keyFile is a key as the documentation has people make it.
func keyFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "vapid.pem")
	if out, err := exec.Command("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

// A service is a push service with the browsers behind it: it checks who sends, and
// each browser decrypts.
type service struct {
	t        *testing.T
	web      *desttest.Web
	public   string
	mu       sync.Mutex
	browsers map[string]*browser // by path
}

type browser struct {
	key  *ecdh.PrivateKey
	auth []byte
	to   string
}

// subscribe is a browser's subscription, as its page gets it.
func (s *service) subscribe(i int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := fmt.Sprintf("/push/%d", i)
	if b := s.browsers[path]; b != nil {
		return b.to
	}
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	b := &browser{key: key, auth: make([]byte, authSize)}
	if _, err := rand.Read(b.auth); err != nil {
		s.t.Fatal(err)
	}
	b.to = fmt.Sprintf(`{"endpoint":%q,"expirationTime":null,"keys":{"p256dh":%q,"auth":%q}}`,
		s.web.URL()+path, encoding.EncodeToString(key.PublicKey().Bytes()), encoding.EncodeToString(b.auth))
	s.browsers[path] = b
	return b.to
}

func (s *service) accept(r *http.Request, body []byte) desttest.Accepted {
	s.mu.Lock()
	b := s.browsers[r.URL.Path]
	s.mu.Unlock()
	if b == nil {
		return desttest.Accepted{Status: http.StatusGone}
	}
	if err := known(r.Header.Get("Authorization"), s.public, s.web.URL(), time.Now()); err != nil {
		s.t.Errorf("the push service does not know the sender: %v", err)
		return desttest.Accepted{Status: http.StatusForbidden}
	}
	topic, err := encoding.DecodeString(r.Header.Get("Topic"))
	if r.Method != http.MethodPost || r.Header.Get("Content-Encoding") != "aes128gcm" || r.Header.Get("TTL") != "259200" || r.Header.Get("Urgency") == "" || err != nil || len(topic) != 24 || len(body) > 4096 {
		s.t.Errorf("the push service reads no message: %v, %d bytes", r.Header, len(body))
		return desttest.Accepted{Status: http.StatusBadRequest}
	}
	plain, err := open(body, b.key, b.auth)
	var m message
	if err != nil || json.Unmarshal(plain, &m) != nil || m.ID == "" || m.Title == "" || m.Time == 0 {
		s.t.Errorf("the browser cannot read it: %s, %v", plain, err)
		return desttest.Accepted{Status: http.StatusBadRequest}
	}
	return desttest.Accepted{Arrived: desttest.Arrived{To: b.to, Text: m.Title + "\n" + m.Body}, Status: http.StatusCreated}
}

// known is what a push service asks of a sender (RFC 8292 §2 to §4).
func known(header, public, origin string, now time.Time) error {
	rest, ok := strings.CutPrefix(header, "vapid t=")
	text, key, ok2 := strings.Cut(rest, ", k=")
	if !ok || !ok2 || key != public {
		return fmt.Errorf("the header is %q", header)
	}
	point, err := encoding.DecodeString(key)
	if err != nil || len(point) != pointSize {
		return fmt.Errorf("the key is %q", key)
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return fmt.Errorf("the token has %d parts", len(parts))
	}
	var decoded [3][]byte
	for i, part := range parts {
		if decoded[i], err = encoding.DecodeString(part); err != nil {
			return err
		}
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	verifier := &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(point[1:33]), Y: new(big.Int).SetBytes(point[33:])}
	if len(decoded[2]) != 64 || !ecdsa.Verify(verifier, sum[:], new(big.Int).SetBytes(decoded[2][:32]), new(big.Int).SetBytes(decoded[2][32:])) {
		return fmt.Errorf("the signature is not by the key")
	}
	var head struct{ Typ, Alg string }
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	if err := json.Unmarshal(decoded[0], &head); err != nil || head.Alg != "ES256" {
		return fmt.Errorf("the token is of another kind: %s", decoded[0])
	}
	if err := json.Unmarshal(decoded[1], &claims); err != nil || claims.Aud != origin || claims.Sub != "mailto:push@example.org" {
		return fmt.Errorf("the claims are %s", decoded[1])
	}
	if left := time.Unix(claims.Exp, 0).Sub(now); left < 0 || left > 24*time.Hour {
		return fmt.Errorf("the token is good for %s", left)
	}
	return nil
}

func start(t *testing.T) (*service, func(*testing.T) dest.Destination) {
	c := DefaultConfig()
	c.Key, c.Contact = keyFile(t), "mailto:push@example.org"
	public, err := c.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	s := &service{t: t, web: desttest.NewWeb(t), public: public, browsers: map[string]*browser{}}
	s.web.Accept = s.accept
	return s, func(t *testing.T) dest.Destination {
		d, err := c.Open(outside.Config{Allow: []string{"127.0.0.1"}})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
}

func TestDestination(t *testing.T) {
	desttest.Run(t, func(t *testing.T) desttest.Far {
		s, open := start(t)
		far := s.web.Far()
		far.Alone = true
		far.Open = open
		far.To = s.subscribe
		good := s.subscribe(99)
		far.Wrong = []string{
			"", "{}", "https://push.example.org/x", good + good, strings.Replace(good, "http://127", "http://10", 1), strings.Replace(good, `"auth":"`, `"auth":"AA`, 1),
			`{"endpoint":"https://push.example.org/x","keys":{"p256dh":"` + encoding.EncodeToString(append([]byte{4}, make([]byte, 64)...)) + `","auth":"BTBZMqHH6r4Tts7J_aSIgg"}}`,
		}
		return far
	})
}

// TestEnded: a browser that has ended its subscription is never asked again.
func TestEnded(t *testing.T) {
	s, open := start(t)
	d := open(t)
	defer d.Close()
	to := s.subscribe(0)
	for status, want := range map[int]dest.Fate{404: dest.Gone, 410: dest.Gone, 403: dest.Dead, 413: dest.Dead, 429: dest.RetryOne, 500: dest.RetryOne} {
		s.web.Accept = func(*http.Request, []byte) desttest.Accepted { return desttest.Accepted{Status: status} }
		if err := d.Send(t.Context(), desttest.Note("e-1", to, "mark")); err == nil || dest.FateOf(err).Fate != want {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestTokens: push services do not get a new one each time, nor one that is too old.
func TestTokens(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v, err := newVAPID(key, "mailto:push@example.org")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	at := func(origin string, after time.Duration) string {
		u, err := url.Parse(origin + "/some/path?x")
		if err != nil {
			t.Fatal(err)
		}
		h, err := v.header(u, now.Add(after))
		if err != nil {
			t.Fatal(err)
		}
		if err := known(h, v.public, origin, now.Add(after)); err != nil {
			t.Errorf("after %s: %v", after, err)
		}
		return h
	}
	first := at("https://push.example.org", 0)
	if at("https://push.example.org", renewAfter) != first || at("https://push.example.org:8443", 0) == first || at("https://push.example.org", renewAfter+time.Second) == first {
		t.Error("tokens are not kept by origin, for their time")
	}
	for i := range mostTokens + 10 {
		at(fmt.Sprintf("https://push%d.example.org", i), 0)
	}
	if len(v.tokens) > mostTokens {
		t.Errorf("%d tokens are kept", len(v.tokens))
	}
}

// TestPayload: whatever is in a note, it fits.
func TestPayload(t *testing.T) {
	for _, text := range append(desttest.Hostile, strings.Repeat("\x01", 8192), strings.Repeat("\"", 5000), strings.Repeat("€", 5000)) {
		n := desttest.Note("p-1", "", text)
		n.Subject, n.Text, n.Link = text, text, "https://example.org/"+strings.Repeat("x", 4000)
		got, err := payload(n)
		if err != nil || len(got) > mostPlain || !json.Valid(got) {
			t.Errorf("%.40q: %d bytes, %v", text, len(got), err)
		}
	}
}

func TestConfig(t *testing.T) {
	good, dir := keyFile(t), t.TempDir()
	write := func(name string, block *pem.Block) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		Config
		want string // part of the error; empty: none
	}{
		{Config{Key: good, Contact: "mailto:push@example.org"}, ""},
		{Config{Key: write("pkcs8", &pem.Block{Type: "PRIVATE KEY", Bytes: text}), Contact: "https://example.org/push"}, ""},
		{Config{Key: write("p384", &pem.Block{Type: "PRIVATE KEY", Bytes: wrong}), Contact: "mailto:push@example.org"}, "openssl"},
		{Config{Key: write("torn", &pem.Block{Type: "PRIVATE KEY", Bytes: text[:20]}), Contact: "mailto:push@example.org"}, "reading the key"},
		{Config{Key: write("other", &pem.Block{Type: "CERTIFICATE", Bytes: text}), Contact: "mailto:push@example.org"}, "openssl"},
		{Config{Key: filepath.Join(dir, "none"), Contact: "mailto:push@example.org"}, "no such file"},
		{Config{Key: good, Contact: "push@example.org"}, "contact"},
		{Config{Key: good, Contact: "mailto:push"}, "contact"},
		{Config{Key: good, Contact: ""}, "contact"},
		{Config{Key: good, Contact: "mailto:push@example.org", Keep: config.Duration(-1)}, "keep"},
	} {
		d, err := c.Open(outside.Config{})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.Config, err, c.want)
		}
		if d != nil {
			d.Close()
		}
	}
}

// FuzzSubscription: whatever a page sends, it is a subscription or refused.
func FuzzSubscription(f *testing.F) {
	f.Add(`{"endpoint":"https://push.example.org/x","keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}}`)
	f.Add(`{"endpoint":"https://[::1]/","keys":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parse(text, outside.Guard{})
		if (s == nil) == (err == nil) {
			t.Fatalf("%v, %v", s, err)
		}
		if err == nil && (len(s.auth) != authSize || s.endpoint.Scheme != "https") {
			t.Fatalf("%+v", s)
		}
	})
}
