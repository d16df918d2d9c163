package ntfy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/desttest"
	"busbar/bus/notify/dest/outside"
)

// publish is what an ntfy server does with a request: JSON to its root, a topic of the
// form of one, at most so long (its documentation, and server/config.go).
func publish(want string) func(r *http.Request, body []byte) desttest.Accepted {
	return func(r *http.Request, body []byte) desttest.Accepted {
		var m map[string]any
		switch {
		case r.Method != http.MethodPost || r.URL.Path != "/" || r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &m) != nil:
			return desttest.Accepted{Status: http.StatusBadRequest}
		case r.Header.Get("Authorization") != want:
			return desttest.Accepted{Status: http.StatusUnauthorized}
		}
		topic, _ := m["topic"].(string)
		text, _ := m["message"].(string)
		sequence, _ := m["sequence_id"].(string)
		if !topicForm.MatchString(topic) || text == "" || len(text) > 4096 || !utf8.ValidString(text) || !topicForm.MatchString(sequence) {
			return desttest.Accepted{Status: http.StatusBadRequest}
		}
		return desttest.Accepted{Arrived: desttest.Arrived{To: topic, Text: fmt.Sprint(m["title"], "\n", text)}}
	}
}

func open(t *testing.T, c Config) dest.Destination {
	t.Helper()
	d, err := c.Open(outside.Config{Allow: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestConfiguredServer(t *testing.T) {
	desttest.Run(t, func(t *testing.T) desttest.Far {
		web := desttest.NewWeb(t)
		web.Accept = publish("Bearer tk_tea")
		file := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(file, []byte("tk_tea\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		far := web.Far()
		far.Open = func(t *testing.T) dest.Destination { return open(t, Config{Server: web.URL(), TokenFile: file}) }
		far.To = func(i int) string { return fmt.Sprintf("topic_%d", i) }
		far.Wrong = []string{"", "a/b", "tea#x", "ümlaut", strings.Repeat("x", 65), "https://10.0.0.1/topic", "https://example.org/", "https://example.org/a/b", "https://example.org/a?x=1"}
		return far
	})
}

// TestAddressOfAPerson: no token of ours goes to servers that people name, and what they
// do wrong holds up nobody else.
func TestAddressOfAPerson(t *testing.T) {
	web := desttest.NewWeb(t)
	web.Accept = publish("")
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("tk_tea"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := open(t, Config{Server: "https://ntfy.example.org", TokenFile: file})
	defer d.Close()
	n := desttest.Note("n-1", web.URL()+"/mine", "mark")
	if err := d.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if got := web.Got(); len(got) != 1 || got[0].To != "mine" {
		t.Errorf("%v", got)
	}
	web.Accept = func(*http.Request, []byte) desttest.Accepted { return desttest.Accepted{Status: http.StatusBadGateway} }
	if err := d.Send(t.Context(), n); dest.FateOf(err).Fate != dest.RetryOne {
		t.Errorf("a bad gateway: %v", err)
	}
	web.Stop()
	if err := d.Send(t.Context(), n); dest.FateOf(err).Fate != dest.RetryOne {
		t.Errorf("a server that is away: %v", err)
	}
	web.Start()
	strict, err := Config{}.Open(outside.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer strict.Close()
	if err := strict.Send(t.Context(), n); dest.FateOf(err).Fate != dest.Dead {
		t.Errorf("an address inside: %v", err)
	}
	if strict.Check("mine") == nil {
		t.Error("a topic without a server is an address")
	}
}

// TestWrongToken: it is no note's fault.
func TestWrongToken(t *testing.T) {
	web := desttest.NewWeb(t)
	web.Accept = publish("Bearer another")
	d := open(t, Config{Server: web.URL()})
	defer d.Close()
	err := d.Send(t.Context(), desttest.Note("n-1", "mine", "mark"))
	if dest.FateOf(err).Fate != dest.Retry || err == nil || !strings.Contains(err.Error(), "token_file") {
		t.Errorf("%v", err)
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{{Server: "ntfy.example.org"}, {Server: "https://u:p@ntfy.example.org"}, {TokenFile: "/nowhere/token"}} {
		if d, err := c.Open(outside.Config{}); err == nil || !strings.Contains(err.Error(), "[notify.ntfy]") {
			t.Errorf("%+v: %v, %v", c, d, err)
		}
	}
}
