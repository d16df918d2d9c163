package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/desttest"
	"busbar/bus/notify/dest/outside"
	"busbar/common/webhook"
)

// Of "whsec_" and 32 bytes.
const (
	oneSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	twoSecret = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
)

func config(t *testing.T, secrets ...string) Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(strings.Join(secrets, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Config{file}
}

func open(t *testing.T, c Config) dest.Destination {
	t.Helper()
	d, err := c.Open(outside.Config{Allow: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// receive is a program at an address, which verifies what comes with the secret that
// the person gave it.
func receive(t *testing.T, c Config, web *desttest.Web) func(*http.Request, []byte) desttest.Accepted {
	return func(r *http.Request, text []byte) desttest.Accepted {
		to := web.URL() + r.URL.String()
		secret, err := c.Secret("jane", to)
		if err != nil {
			t.Error(err)
			return desttest.Accepted{Status: http.StatusInternalServerError}
		}
		known, err := webhook.ParseSecrets(secret.Reveal())
		if err != nil {
			t.Error(err)
			return desttest.Accepted{Status: http.StatusInternalServerError}
		}
		id, err := known.Verify(r.Header, text, time.Now())
		if err != nil {
			return desttest.Accepted{Status: http.StatusUnauthorized}
		}
		var b struct {
			Type      string
			Timestamp time.Time
			Data      struct {
				Subject, Text string
				ID            string `json:"msg_id"`
				Msg           struct{ Package string }
			}
		}
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(text, &b) != nil || b.Type == "" || b.Timestamp.IsZero() {
			return desttest.Accepted{Status: http.StatusBadRequest}
		}
		return desttest.Accepted{Arrived: desttest.Arrived{To: to, Text: fmt.Sprint(b.Data.Subject, b.Data.Text, b.Data.ID, b.Data.Msg.Package)}, ID: id}
	}
}

// A digests destination sends all without the message as published, so that what people
// read, with the suite's marks, is in it.
type digests struct{ dest.Destination }

func (d digests) Send(ctx context.Context, n dest.Note) error {
	for i := range n.Messages {
		n.Messages[i].Wire = nil
	}
	return d.Destination.Send(ctx, n)
}

func TestDestination(t *testing.T) {
	desttest.Run(t, func(t *testing.T) desttest.Far {
		web, c := desttest.NewWeb(t), config(t, oneSecret)
		web.Accept = receive(t, c, web)
		far := web.Far()
		far.Alone = true
		far.Open = func(t *testing.T) dest.Destination { return digests{open(t, c)} }
		far.To = func(i int) string { return fmt.Sprintf("%s/hook/%d?of=jane&x=%%2F", web.URL(), i) }
		far.Wrong = []string{"", "hook", "http://example.org/", "https://10.1.2.3/", "https://localhost/", "https://u:p@example.org/"}
		return far
	})
}

// TestBodies: a single message comes as it was published, byte by byte; all else with
// what people read.
func TestBodies(t *testing.T) {
	wire := `{"msg_id":"2026-x","topic": "org.debian.dev.bug.create", "msg":{"title":"<a> & ü \u2028"},"signature":"abc="}`
	n := desttest.Note("b-1", "https://example.org/", "mark")
	n.Messages[0].Wire, n.Messages[0].Topic = []byte(wire), "org.debian.dev.bug.create"
	got, err := bodyOf(n)
	if want := `{"type":"org.debian.dev.bug.create","timestamp":"2026-11-28T12:00:00Z","data":` + wire + `}`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	n.Kind, n.Messages[0].Wire = dest.Digest, nil
	got, err = bodyOf(n)
	if want := `{"type":"notify.digest","timestamp":"2026-11-28T12:00:00Z","data":{"kind":"digest","rule":"mine","subject":"[hello] mark",` +
		`"text":"Jane Doe uploaded hello 2.10-3 (mark).\n","link":"https://tracker.example.org/pkg/hello","messages":[{"id":"2026-6ba7b810-9dad-51d1-80b4-00c04fd430c8",` +
		`"topic":"org.debian.dev.bug.create","time":"2026-11-28T12:00:00Z","title":"hello 2.10-3 is accepted (mark)","link":"https://tracker.example.org/pkg/hello"}]}}`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	n.Messages[0].Wire = []byte("{")
	if _, err := bodyOf(n); err == nil {
		t.Error("a message that is no JSON is sent")
	}
}

// TestSecrets: each address of each person has one of its own, and while one of the
// configuration takes the place of another, both sign.
func TestSecrets(t *testing.T) {
	c := config(t, oneSecret)
	seen := map[string]bool{}
	for _, who := range [][2]string{{"jane", "https://a.example.org/"}, {"jane", "https://b.example.org/"}, {"joe", "https://a.example.org/"}} {
		s, err := c.Secret(who[0], who[1])
		if err != nil || seen[s.Reveal()] {
			t.Errorf("%v: %v, again %v", who, err, seen[s.Reveal()])
		}
		seen[s.Reveal()] = true
	}
	web := desttest.NewWeb(t)
	web.Accept = receive(t, c, web)
	d := open(t, config(t, twoSecret, oneSecret))
	defer d.Close()
	if err := d.Send(t.Context(), desttest.Note("s-1", web.URL()+"/", "mark")); err != nil {
		t.Errorf("the older secret does not sign: %v", err)
	}
	other := open(t, config(t, twoSecret))
	defer other.Close()
	if err := other.Send(t.Context(), desttest.Note("s-2", web.URL()+"/", "mark")); dest.FateOf(err).Fate != dest.Dead {
		t.Errorf("a receiver that does not believe us: %v", err)
	}
}

func TestAnswers(t *testing.T) {
	web := desttest.NewWeb(t)
	d := open(t, config(t, oneSecret))
	defer d.Close()
	for status, want := range map[int]dest.Fate{302: dest.RetryOne, 400: dest.Dead, 404: dest.Dead, 410: dest.Gone, 429: dest.RetryOne, 500: dest.RetryOne, 504: dest.RetryOne} {
		web.Accept = func(*http.Request, []byte) desttest.Accepted { return desttest.Accepted{Status: status} }
		if err := d.Send(t.Context(), desttest.Note("a-1", web.URL()+"/", "mark")); err == nil || dest.FateOf(err).Fate != want {
			t.Errorf("%d: %v", status, err)
		}
	}
	for _, c := range []Config{{}, {"/nowhere/secret"}, config(t, "whsec_dGVh")} {
		if _, err := c.Open(outside.Config{}); err == nil || !strings.Contains(err.Error(), "[notify.webhook]") {
			t.Errorf("%v", err)
		}
	}
}
