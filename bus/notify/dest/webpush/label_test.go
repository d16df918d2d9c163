package webpush

import (
	"strings"
	"testing"

	"busbar/bus/notify/dest/outside"
)

// TestNamed: what a page sends becomes one address, whatever else stands in it, and is shown
// by a name.
func TestNamed(t *testing.T) {
	const keys = `"keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}`
	one, err := Named(`{"endpoint":"https://push.example.org/x","expirationTime":null,`+keys+`}`, "Firefox on Linux")
	if err != nil {
		t.Fatal(err)
	}
	two, err := Named(`{"name":"<b>evil", "more": [1], `+keys+`, "endpoint": "https://push.example.org/x"}`, "Firefox on Linux")
	if err != nil || one != two {
		t.Errorf("%s is not %s: %v", two, one, err)
	}
	if _, err := parse(one, outside.Guard{}); err != nil {
		t.Error(err)
	}
	if got := Label(one); !strings.HasPrefix(got, "Firefox on Linux by push.example.org, ") || Endpoint(one) != "https://push.example.org/x" {
		t.Errorf("%s, %s", got, Endpoint(one))
	}
	if other := strings.Replace(one, "/x", "/y", 1); Label(other) == Label(one) {
		t.Error("two browsers have one label")
	}
	for _, wrong := range []string{"", "x", "{}", "[]", `"x"`, `{"endpoint":1}`} {
		if got, err := Named(wrong, "x"); err == nil {
			t.Errorf("%q: %s", wrong, got)
		}
		Label(wrong)
	}
	long, err := Named(one, strings.Repeat("\u202e€\n", 500))
	if err != nil || len(long) > len(one)+3*mostName || strings.Contains(Label(long), "\u202e") {
		t.Errorf("%s, %v", long, err)
	}
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                  "Firefox on Linux",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36":                         "Chromium on Android",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0":           "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15":                   "Safari on macOS",
		"": "a browser",
	} {
		if got := Browser(agent); got != want {
			t.Errorf("%s is %q", agent, got)
		}
	}
}
