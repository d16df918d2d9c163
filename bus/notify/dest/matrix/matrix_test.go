package matrix

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/desttest"
	"busbar/bus/notify/dest/outside"
)

// A homeserver does what the client-server API says of joining and sending.
type homeserver struct {
	mu     sync.Mutex
	joined map[string]string // id, and alias
	joins  int
}

func (h *homeserver) accept(r *http.Request, body []byte) desttest.Accepted {
	h.mu.Lock()
	defer h.mu.Unlock()
	fail := func(status int, code string) desttest.Accepted {
		return desttest.Accepted{Status: status, Body: fmt.Sprintf(`{"errcode":%q,"error":"no","retry_after_ms":1500}`, code)}
	}
	var content map[string]any
	if r.Header.Get("Authorization") != "Bearer syt_tea" {
		return fail(http.StatusUnauthorized, "M_UNKNOWN_TOKEN")
	}
	if json.Unmarshal(body, &content) != nil {
		return fail(http.StatusBadRequest, "M_NOT_JSON")
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/_matrix/client/v3/"), "/")
	for i := range parts {
		parts[i], _ = url.PathUnescape(parts[i])
	}
	switch {
	case len(parts) == 2 && parts[0] == "join" && r.Method == http.MethodPost:
		h.joins++
		id := parts[1]
		if alias, ok := strings.CutPrefix(id, "#"); ok {
			id = "!of-" + alias
		}
		h.joined[id] = parts[1]
		return desttest.Accepted{Body: fmt.Sprintf(`{"room_id":%q}`, id)}
	case len(parts) == 5 && parts[0] == "rooms" && parts[2] == "send" && parts[3] == "m.room.message" && r.Method == http.MethodPut:
		to, ok := h.joined[parts[1]]
		if !ok {
			return fail(http.StatusForbidden, "M_FORBIDDEN")
		}
		if len(body) > 65_000 {
			return fail(http.StatusRequestEntityTooLarge, "M_TOO_LARGE")
		}
		if content["msgtype"] != "m.notice" {
			return fail(http.StatusBadRequest, "M_BAD_JSON")
		}
		text := fmt.Sprint(content["body"])
		if rich := fmt.Sprint(content["formatted_body"]); strings.Contains(rich, "<script") || !strings.Contains(text, "mark") {
			text += rich
		}
		return desttest.Accepted{Arrived: desttest.Arrived{To: to, Text: text}, ID: parts[4], Body: `{"event_id":"$x"}`}
	}
	return fail(http.StatusNotFound, "M_UNRECOGNIZED")
}

func start(t *testing.T) (*desttest.Web, *homeserver, func(*testing.T) dest.Destination) {
	web, h := desttest.NewWeb(t), &homeserver{joined: map[string]string{}}
	web.Accept = h.accept
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("syt_tea\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return web, h, func(t *testing.T) dest.Destination {
		d, err := Config{web.URL(), file}.Open(outside.Config{})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
}

func TestDestination(t *testing.T) {
	desttest.Run(t, func(t *testing.T) desttest.Far {
		web, _, open := start(t)
		far := web.Far()
		far.Open = open
		far.To = func(i int) string {
			return [...]string{"!abc:example.org", "#room/with:example.org", "!opaque-Id_31", "#d:[2001:db8::1]:8448"}[i]
		}
		far.Wrong = []string{"", "abc", "@jane:example.org", "#room", "!a b:example.org", "!x\u202e:example.org", "!a:example.org/../..", "!" + strings.Repeat("x", 300)}
		return far
	})
}

// TestJoins: a room is joined once, and again when the account was thrown out.
func TestJoins(t *testing.T) {
	_, h, open := start(t)
	d := open(t)
	defer d.Close()
	send := func(id string) error { return d.Send(t.Context(), desttest.Note(id, "#r:example.org", "mark")) }
	for i := range 3 {
		if err := send(fmt.Sprint("j-", i)); err != nil {
			t.Fatal(err)
		}
	}
	h.mu.Lock()
	if h.joins != 1 {
		t.Errorf("it joined %d times", h.joins)
	}
	clear(h.joined)
	h.mu.Unlock()
	if err := send("j-3"); dest.FateOf(err).Fate != dest.Dead {
		t.Errorf("thrown out: %v", err)
	}
	if err := send("j-4"); err != nil {
		t.Errorf("it does not join again: %v", err)
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		code int
		body string
		want dest.Error
	}{
		{200, `{"event_id":"$x"}`, dest.Error{}}, {401, `{"errcode":"M_UNKNOWN_TOKEN"}`, dest.Error{}}, {403, `{"errcode":"M_FORBIDDEN"}`, dest.Error{Fate: dest.Dead}},
		{403, `{"errcode":"M_USER_DEACTIVATED"}`, dest.Error{}}, {404, `{"errcode":"M_UNRECOGNIZED"}`, dest.Error{}}, {404, `{"errcode":"M_NOT_FOUND"}`, dest.Error{Fate: dest.Dead}},
		{413, `{"errcode":"M_TOO_LARGE"}`, dest.Error{Fate: dest.Dead}}, {429, `{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1500}`, dest.Error{Wait: 1500 * time.Millisecond}},
		{429, `{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":-1}`, dest.Error{}}, {502, `<html>`, dest.Error{}},
	} {
		err := verdict(&outside.Reply{Code: c.code, Body: []byte(c.body)})
		if e := dest.FateOf(err); (err == nil) != (c.code == 200) || e.Fate != c.want.Fate || e.Wait != c.want.Wait {
			t.Errorf("%d %s: %+v", c.code, c.body, e)
		}
	}
}

func TestContent(t *testing.T) {
	n := desttest.Note("c-1", "!a:example.org", "<b>")
	n.Text += strings.Repeat("see https://example.org/?a&b\n", 2000)
	c := content(n)
	text, err := json.Marshal(c)
	if err != nil || len(text) > 60_000 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	short := content(desttest.Note("c-2", "!a:example.org", "<b>&"))
	want := "<p><strong>[hello] &lt;b&gt;&amp;</strong></p>\n<p><a href=\"https://tracker.example.org/pkg/hello\">https://tracker.example.org/pkg/hello</a></p>\n<p>Jane Doe uploaded hello 2.10-3 (&lt;b&gt;&amp;).</p>\n"
	if short["formatted_body"] != want || short["body"] != "[hello] <b>&\nhttps://tracker.example.org/pkg/hello\n\nJane Doe uploaded hello 2.10-3 (<b>&).\n" {
		t.Errorf("%q\n%q", short["formatted_body"], short["body"])
	}
}
