package pages

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"busbar/bus/notify/dest/webpush"
	"busbar/bus/notify/self"
)

// subscription is as a browser makes it.
const subscription = `{"endpoint":"https://push.example.org/x","expirationTime":null,"keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}}`

// TestPush: a browser that subscribed is a destination like others: it gets a code, and
// nothing else before that came back.
func TestPush(t *testing.T) {
	const key = "BKey_-"
	d := newDesk(t, self.DefaultLimits(), func(o *Options) { o.Push, o.Ways = key, append(o.Ways, "webpush") })
	b := d.signedIn("jane@example.org")
	b.get("/me/places").wants(200, `data-key="`+key+`"`, `data-worker="/me/worker.js"`, `src="/me/static/push.js"`, `<section id="push"`)
	if strings.Contains(b.text, "<option>webpush") {
		t.Error("people are to type a subscription")
	}
	if b.head.Get("Content-Security-Policy") != pushPolicy || strings.Contains(pushPolicy, "unsafe") {
		t.Errorf("the policy is %q", b.head.Get("Content-Security-Policy"))
	}
	for _, path := range []string{"/me/", "/me/history", "/me/settings", "/me/rule/new"} {
		if b.get(path); b.head.Get("Content-Security-Policy") != policy || strings.Contains(b.text, "<script") {
			t.Errorf("%s runs scripts: %v", path, b.head)
		}
	}
	for path, want := range map[string]string{"/me/worker.js": "notificationclick", "/me/static/push.js": "pushManager"} {
		b.get(path).wants(200, want)
		if !strings.HasPrefix(b.head.Get("Content-Type"), "text/javascript") {
			t.Errorf("%s: %v", path, b.head)
		}
	}
	b.get("/me/worker.js")
	if b.head.Get("Content-Security-Policy") != "default-src 'none'" || b.head.Get("Cache-Control") != "no-cache" {
		t.Errorf("the worker: %v", b.head)
	}

	b.get("/me/places").post("/me/places", url.Values{"way": {"webpush"}, "address": {subscription}}).wants(200, "not verified", `data-endpoint="https://push.example.org/x"`, "a browser by push.example.org, ")
	codes := d.mailed()
	if len(codes) != 1 || codes[0].Link != d.URL+"/me/places" {
		t.Fatalf("%+v", codes)
	}
	kept, err := webpush.Named(subscription, "a browser")
	if err != nil || codes[0].To != kept {
		t.Errorf("a code goes to %s, want %s, %v", codes[0].To, kept, err)
	}
	place := "webpush:" + kept
	b.get("/me/rule/new").post("/me/rule", url.Values{"name": {"x"}, "filter": {"package:x"}, "to": {place}}).wants(422, "verified")
	b.get("/me/places").post("/me/places", url.Values{"place": {place}, "code": {"nothing"}}).wants(422, "not the code that was sent to a browser by push.example.org")
	code := regexp.MustCompile(`(?m)^\d{8}$`).FindString(codes[0].Text)
	b.get("/me/places").post("/me/places", url.Values{"place": {place}, "code": {code}}).wants(200, "It is verified")
	b.get("/me/rule/new").post("/me/rule", url.Values{"name": {"x"}, "filter": {"package:x"}, "to": {place}}).wants(200)
	for _, path := range []string{"/me/", "/me/rule/1", "/me/history"} {
		b.get(path).wants(200, "a browser by push.example.org, ")
	}
	for _, wrong := range []string{"", "{}", "x", `<script>alert(1)</script>`, `{"endpoint":1}`} {
		b.get("/me/places").post("/me/places", url.Values{"way": {"webpush"}, "address": {wrong}}).wants(422, `role="alert"`)
	}
	b.get("/me/places").post("/me/places", url.Values{"place": {place}, "remove": {"1"}}).wants(200, "It is removed")

	// Where there is no key, nothing of it is there.
	b = newDesk(t, self.DefaultLimits()).signedIn("jane@example.org")
	if b.get("/me/places").wants(200); strings.Contains(b.text, "push") || b.head.Get("Content-Security-Policy") != policy {
		t.Error("Web Push is offered where there is none")
	}
	if b.get("/me/worker.js"); b.code != http.StatusNotFound {
		t.Errorf("the worker: %d", b.code)
	}
}
