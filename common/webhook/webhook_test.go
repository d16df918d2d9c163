package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func secretOf(fill string) string {
	return prefix + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(fill, 32)[:32]))
}

func mustParse(t testing.TB, lines ...string) Secrets {
	t.Helper()
	s, err := ParseSecrets(strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var at = time.Unix(1_800_000_000, 0)

// TestPython: another implementation makes the same signature.
func TestPython(t *testing.T) {
	const program = `import base64, hashlib, hmac, sys
key = base64.b64decode(sys.argv[1].removeprefix("whsec_"))
signed = (sys.argv[2] + "." + sys.argv[3] + ".").encode() + sys.stdin.buffer.read()
print("v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode(), end="")`
	body := "{\"tea\":\"ü\"}\n{\"a\":1}\n"
	h := http.Header{}
	mustParse(t, secretOf("k")).Sign(h, "2027-abc", at, []byte(body))
	cmd := exec.Command("python3", "-c", program, secretOf("k"), "2027-abc", "1800000000")
	cmd.Stdin = strings.NewReader(body)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := h.Get(HeaderSignature); got != string(out) {
		t.Errorf("signature %s, and Python's is %s", got, out)
	}
}

func TestVerify(t *testing.T) {
	old, new, other := secretOf("old"), secretOf("new"), secretOf("other")
	body := []byte(`{"a":1}`)
	for name, c := range map[string]struct {
		sender, receiver []string
		change           func(h http.Header)
		body             string
		late             time.Duration
		want             error
	}{
		"as sent":               {},
		"while secrets change":  {sender: []string{new, old}},
		"the receiver is ahead": {receiver: []string{other, old}},
		"another secret":        {receiver: []string{other}, want: ErrForged},
		"another body":          {body: `{"a":2}`, want: ErrForged},
		"another id":            {change: func(h http.Header) { h.Set(HeaderID, "x") }, want: ErrForged},
		"another time":          {change: func(h http.Header) { h.Set(HeaderTimestamp, "1800000001") }, want: ErrForged},
		"no signature":          {change: func(h http.Header) { h.Del(HeaderSignature) }, want: ErrUnsigned},
		"no id":                 {change: func(h http.Header) { h.Del(HeaderID) }, want: ErrUnsigned},
		"no time":               {change: func(h http.Header) { h.Del(HeaderTimestamp) }, want: ErrUnsigned},
		"no number":             {change: func(h http.Header) { h.Set(HeaderTimestamp, "1e9") }, want: ErrUnsigned},
		"a dot moved":           {change: func(h http.Header) { h.Set(HeaderID, "id.1800000000") }, want: ErrUnsigned},
		"another version":       {change: func(h http.Header) { h.Set(HeaderSignature, "v2"+h.Get(HeaderSignature)[2:]) }, want: ErrForged},
		"behind too many": {change: func(h http.Header) {
			h.Set(HeaderSignature, strings.Repeat("v1,AA== ", maxSignatures)+h.Get(HeaderSignature))
		}, want: ErrForged},
		"behind others": {change: func(h http.Header) { h.Set(HeaderSignature, "v1a,AA== v1,xx "+h.Get(HeaderSignature)) }},
		"replayed":      {late: Tolerance + time.Second, want: ErrStale},
		"from tomorrow": {late: -Tolerance - time.Second, want: ErrStale},
		"a bit late":    {late: Tolerance - time.Second},
	} {
		h := http.Header{}
		mustParse(t, append(c.sender, old)...).Sign(h, "id", at, body)
		if c.change != nil {
			c.change(h)
		}
		got := body
		if c.body != "" {
			got = []byte(c.body)
		}
		if c.receiver == nil {
			c.receiver = []string{old}
		}
		id, err := mustParse(t, c.receiver...).Verify(h, got, at.Add(c.late))
		if !errors.Is(err, c.want) || err == nil && id != "id" {
			t.Errorf("%s: id %q, %v; want %v", name, id, err, c.want)
		}
	}
}

func TestSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	for text, want := range map[string]string{
		secretOf("k") + "\n": "", "# ours\n\n" + secretOf("k"): "", strings.TrimPrefix(secretOf("k"), prefix): "",
		"": "no secret", "# none": "no secret", "whsec_c2hvcnQ=": "line 1", "\nwhsec_?": "line 2", "whsec_" + strings.Repeat("AAAA", 22): "line 1",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := ReadSecrets(file)
		if want == "" && (err != nil || len(s) != 1) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %d secrets, %v; want %q", text, len(s), err, want)
		}
		if err != nil && text != "" && strings.Contains(err.Error(), "c2hv") {
			t.Errorf("the error shows the secret: %v", err)
		}
		if shown := fmt.Sprintf("%v %+v %#v", s, s, s); strings.Contains(shown, "kkk") {
			t.Errorf("it is shown: %s", shown)
		}
	}
	if _, err := ReadSecrets(file + ".missing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// FuzzVerify: nobody gets in without the secret, whatever the headers, and the work
// is bounded.
func FuzzVerify(f *testing.F) {
	f.Add("id", "1800000000", "v1,AA== v1a,x", []byte("{}"))
	f.Add("", "-1", "v1,", []byte(nil))
	s := mustParse(f, secretOf("k"))
	f.Fuzz(func(t *testing.T, id, stamp, signature string, body []byte) {
		h := http.Header{}
		h.Set(HeaderID, id)
		h.Set(HeaderTimestamp, stamp)
		h.Set(HeaderSignature, signature)
		if _, err := s.Verify(h, body, at); err == nil {
			t.Errorf("accepted: %q %q %q", id, stamp, signature)
		}
	})
}

// FuzzSecrets: what is read as secrets signs and verifies.
func FuzzSecrets(f *testing.F) {
	f.Add(secretOf("k") + "\n#\n" + secretOf("l"))
	f.Add("whsec_")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSecrets(text)
		if err != nil {
			return
		}
		h := http.Header{}
		s.Sign(h, "id", at, []byte(text))
		if _, err := s[len(s)-1:].Verify(h, []byte(text), at); err != nil && len(s) <= maxSignatures {
			t.Error(err)
		}
	})
}
