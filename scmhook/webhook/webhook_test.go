package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/adapters/adaptertest"
	"busbar/adapters/scm"
	"busbar/common/secret"
	"busbar/common/translate"
	"busbar/fixtures/corpus"
)

const (
	fixtures = "../../fixtures/webhooks"
	shared   = "correct horse battery staple"
)

// load reads a payload as its forge would; what cannot be read is an empty push.
func load(raw []byte) scm.Push {
	forge := GitLab
	switch text := string(raw); {
	case strings.Contains(text, "compare_url"):
		forge = Forgejo
	case strings.Contains(text, "base_ref"):
		forge = GitHub
	}
	p, _, err := Parse(forge, "push", raw)
	if err != nil {
		return scm.Push{}
	}
	p.Time = time.Date(2026, 3, 14, 9, 1, 0, 0, time.UTC)
	return p
}

// TestEvents: what each payload becomes, and that a push has the ids that the
// hook's account of it has.
func TestEvents(t *testing.T) {
	hook := scm.Push{Repository: "tea/kettle", System: "git", Via: "hook", Updates: []scm.Update{{
		Ref: "refs/heads/main", Old: strings.Repeat("a0", 20), New: strings.Repeat("c2", 20),
		Commits: []scm.Commit{{ID: strings.Repeat("b1", 20)}, {ID: strings.Repeat("c2", 20)}},
	}}}
	for file, want := range map[string]string{
		"gitlab-push":              "branch.update Nora Ortega pushed to branch main of tea/kettle, 25 commits: Add a lid; commit.create Nora Ortega committed to tea/kettle: Whistle in tune; commit.create Nora Ortega committed to tea/kettle: Add a lid",
		"gitlab-delete":            "branch.delete Nora Ortega deleted branch topic of tea/kettle",
		"gitlab-tag":               "tag.create Nora Ortega made tag v1.0 of tea/kettle",
		"gitlab-repository-update": "branch.update Nora Ortega pushed to branch main of tea/kettle; tag.create Nora Ortega made tag v1.0 of tea/kettle",
		"gitlab-issue":             "",
		"forgejo-push":             "branch.update Nora Ortega pushed to branch main of tea/kettle, 2 commits: Add a lid; commit.create Nora Ortega committed to tea/kettle: Whistle in tune; commit.create Nora Ortega committed to tea/kettle: Add a lid",
		"github-push":              "branch.update nora pushed to branch main of tea/kettle, 2 commits, by force: Add a lid; commit.create Nora Ortega committed to tea/kettle: Add a lid",
	} {
		tr := scm.Translator("salsa", scm.Links{})
		events, err := tr.Translate(translate.Item[scm.Push]{Value: load(read(t, fixtures+"/"+file+".json"))})
		if err != nil && want != "" {
			t.Errorf("%s: %v", file, err)
		}
		var got []string
		keys := map[string]bool{}
		for _, e := range events {
			got = append(got, strings.TrimPrefix(e.Kind.Topic, "salsa.")+" "+e.Kind.Sentence(e.Body))
			keys[e.Key] = true
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s becomes\n%s\nwant\n%s", file, strings.Join(got, "; "), want)
		}
		if !strings.HasSuffix(file, "b-push") && file != "forgejo-push" {
			continue
		}
		same, err := tr.Translate(translate.Item[scm.Push]{Value: hook})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range same {
			if !keys[e.Key] && !strings.HasPrefix(file, "github") { // which says that one is no news
				t.Errorf("%s: the hook's %s is another fact", file, e.Key)
			}
		}
	}
}

// TestAnnotatedTag: GitLab names the tag's object, and the commit beside it.
func TestAnnotatedTag(t *testing.T) {
	p, _, err := Parse(GitLab, "", read(t, fixtures+"/gitlab-tag.json"))
	if err != nil || len(p.Updates) != 1 || p.Updates[0].Tag == nil || p.Updates[0].Tag.Target != strings.Repeat("a0", 20) || p.Updates[0].New != strings.Repeat("b1", 20) {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestDeleted: Forgejo says what was deleted by its short name, and not what it
// was; others are content with their own push event.
func TestDeleted(t *testing.T) {
	raw := read(t, fixtures+"/forgejo-delete.json")
	p, why, err := Parse(Forgejo, "delete", raw)
	if err != nil || why != "" || len(p.Updates) != 1 || p.Updates[0].Ref != "refs/heads/topic" || p.Updates[0].Old+p.Updates[0].New != "" || p.Repository != "tea/kettle" || p.Pusher.Username != "nora" {
		t.Errorf("%+v, %q, %v", p, why, err)
	}
	for name, want := range map[string]string{"tag v1": "refs/tags/v1", "branch refs/heads/a/b": "refs/heads/a/b", "wiki x": ""} {
		kind, short, _ := strings.Cut(name, " ")
		if got := fullName(kind, short); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
}

// FuzzParse: whatever comes is a push that holds to the contract, or an error.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob(fixtures + "/*[a-z].json")
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no fixtures: %v", err)
	}
	for _, file := range files {
		f.Add(read(f, file))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		adaptertest.Check(t, scm.Translator("scm", scm.Links{}), translate.Item[scm.Push]{Value: load(raw)})
	})
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func sign(body, key string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

// desk is a server with somebody behind it.
type desk struct {
	mu   sync.Mutex
	got  []Delivery
	fail error
	url  string

	handler http.Handler
}

func open(t *testing.T, change func(*Options)) *desk {
	t.Helper()
	d := &desk{}
	o := Options{Secrets: texts("the former one, still known", shared), Limit: 1 << 16, Submit: func(_ context.Context, it Delivery) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.fail == nil {
			d.got = append(d.got, it)
		}
		return d.fail
	}}
	if change != nil {
		change(&o)
	}
	h, err := Handler(o)
	if err != nil {
		t.Fatal(err)
	}
	d.handler = h
	s := httptest.NewUnstartedServer(h)
	s.Config = NewServer(h, slog.New(slog.DiscardHandler))
	s.Config.ReadHeaderTimeout, s.Config.ReadTimeout = 2*time.Second, 2*time.Second
	s.Config.IdleTimeout = time.Hour // else one that is kept ends as the next request comes, where the machine is busy
	s.Start()
	t.Cleanup(s.Close)
	d.url = s.URL
	return d
}

func (d *desk) post(t *testing.T, body string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest("POST", d.url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(string(text))
}

func TestRequests(t *testing.T) {
	d := open(t, nil)
	lab, forgejo, hub := string(read(t, fixtures+"/gitlab-push.json")), string(read(t, fixtures+"/forgejo-push.json")), string(read(t, fixtures+"/github-push.json"))
	issue := string(read(t, fixtures+"/gitlab-issue.json"))
	for _, c := range []struct {
		name    string
		body    string
		headers []string
		want    int
		stored  int
	}{
		{"GitLab", lab, []string{"X-Gitlab-Event", "Push Hook", "X-Gitlab-Token", shared}, 200, 1},
		{"the former secret", lab, []string{"X-Gitlab-Event", "Push Hook", "X-Gitlab-Token", "the former one, still known"}, 200, 1},
		{"Forgejo", forgejo, []string{"X-Forgejo-Event", "push", "X-GitHub-Event", "push", "X-Forgejo-Signature", sign(forgejo, shared)}, 200, 1},
		{"Gitea", forgejo, []string{"X-Gitea-Event", "push", "X-Gitea-Signature", sign(forgejo, shared)}, 200, 1},
		{"GitHub", hub, []string{"X-GitHub-Event", "push", "X-Hub-Signature-256", "sha256=" + sign(hub, shared), "Content-Type", "application/json; charset=utf-8"}, 200, 1},
		{"an issue", issue, []string{"X-Gitlab-Event", "Issue Hook", "X-Gitlab-Token", shared}, 200, 0},
		{"GitHub's ping", "{}", []string{"X-GitHub-Event", "ping", "X-Hub-Signature-256", "sha256=" + sign("{}", shared)}, 200, 0},
		{"no JSON, but from the forge: kept as poison", "{", []string{"X-Gitlab-Event", "Push Hook", "X-Gitlab-Token", shared}, 200, 1},
		{"wrong token", lab, []string{"X-Gitlab-Event", "Push Hook", "X-Gitlab-Token", "wrong"}, 403, 0},
		{"no token", lab, []string{"X-Gitlab-Event", "Push Hook"}, 403, 0},
		{"another's signature", hub, []string{"X-GitHub-Event", "push", "X-Hub-Signature-256", "sha256=" + sign(hub, "another secret, as long")}, 403, 0},
		{"another body", hub + " ", []string{"X-GitHub-Event", "push", "X-Hub-Signature-256", "sha256=" + sign(hub, shared)}, 403, 0},
		{"an empty signature", hub, []string{"X-GitHub-Event", "push", "X-Hub-Signature-256", "sha256="}, 403, 0},
		{"no hexadecimal", hub, []string{"X-Forgejo-Event", "push", "X-Forgejo-Signature", "zz"}, 403, 0},
		{"the token as a signature", hub, []string{"X-Forgejo-Event", "push", "X-Forgejo-Signature", shared}, 403, 0},
		{"no forge", lab, nil, 400, 0},
		{"a form", "payload=" + lab, []string{"X-GitHub-Event", "push", "Content-Type", "application/x-www-form-urlencoded"}, 415, 0},
		{"too long", strings.Repeat("x", 1<<17), []string{"X-Gitlab-Event", "Push Hook", "X-Gitlab-Token", shared}, 413, 0},
	} {
		before := len(d.got)
		status, text := d.post(t, c.body, c.headers...)
		if status != c.want || len(d.got)-before != c.stored {
			t.Errorf("%s: %d %s, %d stored", c.name, status, text, len(d.got)-before)
		}
	}
	res, err := http.Get(d.url)
	if err != nil || res.StatusCode != 405 {
		t.Errorf("GET: %v (%v)", res, err)
	}
	d.fail = errors.New("the disk is full")
	if status, _ := d.post(t, lab, "X-Gitlab-Event", "Push Hook", "X-Gitlab-Token", shared); status != 503 {
		t.Errorf("a push that is not on disk is answered with %d", status)
	}
}

// TestSlowSenders: those that never end their request are cut off, and others
// are served meanwhile.
func TestSlowSenders(t *testing.T) {
	d := open(t, nil)
	addr := strings.TrimPrefix(d.url, "http://")
	var conns []net.Conn
	for range 200 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nX-Gitlab-Event: Push Hook\r\nX-Gitlab-Token: "+shared+"\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	lab := string(read(t, fixtures+"/gitlab-push.json"))
	if status, text := d.post(t, lab, "X-Gitlab-Event", "Push Hook", "X-Gitlab-Token", shared); status != 200 {
		t.Errorf("beside slow senders: %d %s", status, text)
	}
	for _, c := range conns {
		if err := c.SetReadDeadline(time.Now().Add(3 * time.Minute)); err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(c); err != nil || strings.Contains(string(text), " 200 ") {
			t.Fatalf("a slow sender gets %q (%v)", text, err)
		}
	}
	if len(d.got) != 1 {
		t.Errorf("%d pushes", len(d.got))
	}
}

// TestGreedySenders: bodies that never end, of senders who prove nothing, hold a
// bounded memory, and lose it to who needs some.
func TestGreedySenders(t *testing.T) {
	d := open(t, func(o *Options) { o.Memory = 5 << 16 })
	addr := strings.TrimPrefix(d.url, "http://")
	refused := 0
	var conns []net.Conn
	for range 20 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
		// The server may have ended it already.
		_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nX-GitHub-Event: push\r\nContent-Type: application/json\r\nContent-Length: 65000\r\n\r\n"+strings.Repeat("x", 64000))
	}
	hub := string(read(t, fixtures+"/github-push.json"))
	for range 20 {
		if status, text := d.post(t, hub, "X-GitHub-Event", "push", "X-Hub-Signature-256", "sha256="+sign(hub, shared)); status != 200 {
			t.Errorf("beside them: %d %s", status, text)
		}
	}
	for _, c := range conns {
		if err := c.SetReadDeadline(time.Now().Add(3 * time.Minute)); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(c) // the server may reset what it did not read
		if err != nil || len(text) == 0 || strings.Contains(string(text), " 503 ") {
			refused++
		}
	}
	if refused < 15 {
		t.Errorf("%d of 20 were held in a memory for 5", 20-refused)
	}
}

func texts(list ...string) []secret.Text {
	var secrets []secret.Text
	for _, s := range list {
		secrets = append(secrets, secret.New(s))
	}
	return secrets
}

func TestSecretsAreNeeded(t *testing.T) {
	for _, secrets := range [][]string{nil, {"short"}} {
		if _, err := Handler(Options{Secrets: texts(secrets...)}); err == nil {
			t.Errorf("a server starts with the secrets %q", secrets)
		}
	}
}

// TestPushes reads what forges send, fixtures and what their own documentation
// and tests show.
func TestPushes(t *testing.T) {
	c := corpus.Files(t, []string{"webhooks/gitlab-push.json", "webhooks/forgejo-push.json", "webhooks/gitlab-tag.json"}, "scm/webhooks/*.json")
	for _, file := range c.All() {
		forge := GitLab
		if name := filepath.Base(file); strings.HasPrefix(name, "gitea") || strings.HasPrefix(name, "forgejo") {
			forge = Forgejo
		}
		p, why, err := Parse(forge, "push", read(t, file))
		if err != nil || why != "" || len(p.Updates) == 0 || p.Repository == "" {
			t.Errorf("%s: %+v, %q, %v", filepath.Base(file), p, why, err)
		}
	}
}
