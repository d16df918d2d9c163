package notify

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"busbar/bus/config"
	"busbar/bus/notify/rule"
	"busbar/common/programtest"
)

var tomlBlock = regexp.MustCompile("(?s)\n```toml\n(.*?)```")

// placed gives each file that the page names a place in dir, with what belongs in it.
func placed(t *testing.T, text, dir string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`"/etc/busbar/([a-z.]+)"`).ReplaceAllStringFunc(text, func(quoted string) string {
		file := filepath.Join(dir, filepath.Base(strings.Trim(quoted, `"`)))
		what := []byte("tea\n")
		switch filepath.Base(file) {
		case "vapid.pem":
			what = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
		case "notify.secret":
			what = []byte("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n")
		}
		if err := os.WriteFile(file, what, 0o600); err != nil {
			t.Fatal(err)
		}
		return `"` + file + `"`
	})
}

// TestDestinationsPage: the configuration of docs/howto/notify-destinations.md is one,
// all of it together, its addresses are addresses of it, and every way is there.
func TestDestinationsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/howto/notify-destinations.md")
	if err != nil {
		t.Fatal(err)
	}
	var tables, lists strings.Builder
	for _, m := range tomlBlock.FindAllStringSubmatch(string(page), -1) {
		if strings.HasPrefix(m[1], "to = ") {
			lists.WriteString("[[rule]]\n" + m[1])
		} else {
			tables.WriteString(m[1])
		}
	}
	cfg := config.Default()
	meta, err := toml.Decode(placed(t, tables.String(), t.TempDir()), &cfg)
	if err != nil || len(meta.Undecoded()) > 0 {
		t.Fatalf("%v, unknown: %v", err, meta.Undecoded())
	}
	if err := cfg.Notify.Complete(); err != nil {
		t.Fatal(err)
	}
	var out programtest.Output
	w, err := openWays(cfg.Notify, slog.New(slog.DiscardHandler), &out)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if got := strings.Join(w.names(), " "); got != "command irc mastodon matrix ntfy webhook webpush" {
		t.Errorf("the ways are %s", got)
	}
	if n := len(cfg.Notify.Secrets()); n != 6 {
		t.Errorf("%d files are secrets: %q", n, cfg.Notify.Secrets())
	}
	var rules struct {
		Rule []struct{ To []string }
	}
	if _, err := toml.Decode(lists.String(), &rules); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, r := range rules.Rule {
		for _, text := range r.To {
			a, err := rule.ParseAddress(text)
			if err == nil {
				err = w.check(a)
			}
			if err != nil {
				t.Errorf("%s: %v", text, err)
			}
			used[a.Way] = true
		}
	}
	if len(used) != len(w) {
		t.Errorf("addresses are there of %v", used)
	}
	for _, wrong := range []string{"irc:libera/#a", "webhook:https://192.168.1.1/", "command:rm", "ntfy:a/b", "matrix:jane", "mastodon:jane", "webpush:{}", "fax:1"} {
		if a, err := rule.ParseAddress(wrong); err != nil || w.check(a) == nil {
			t.Errorf("%s: it is an address (%v)", wrong, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := sendTest(ctx, w, rule.Address{Way: "command", To: "sms/1"}, "jane"); err != nil || !strings.Contains(out.String(), `"person":"jane"`) {
		t.Errorf("the test does not reach the command: %v, %q", err, out.String())
	}
}
