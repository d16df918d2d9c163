package notify

import (
	"os"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"busbar/bus/config"
	"busbar/bus/notify/dest/outside"
)

// TestOpenIDPage: the configurations of docs/howto/notify-self.md work beside its first.
func TestOpenIDPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/howto/notify-self.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	files := shown.FindAllSubmatch(page, -1)
	for _, one := range files[1:] {
		if !strings.Contains(string(one[1]), "[notify.self.openid]") {
			continue
		}
		seen++
		cfg := config.Default()
		for _, text := range [][]byte{files[0][1], []byte(placed(t, string(one[1]), t.TempDir()))} {
			if meta, err := toml.Decode(string(text), &cfg); err != nil || len(meta.Undecoded()) > 0 {
				t.Fatalf("%v, unknown: %v", err, meta.Undecoded())
			}
		}
		cfg.Notify.Listen = "127.0.0.1:9483"
		if err := cfg.Notify.Complete(); err != nil || len(cfg.Notify.Secrets()) != 1 {
			t.Fatalf("%v, secrets: %q", err, cfg.Notify.Secrets())
		}
		p, err := cfg.Notify.Self.OpenID.Open(outside.Config{}, cfg.Notify.Public)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		cfg.Notify.Self.Web = false
		if err := cfg.Notify.Complete(); err == nil || !strings.Contains(err.Error(), "[notify.self] web is not set") {
			t.Errorf("without pages: %v", err)
		}
	}
	if seen != 2 {
		t.Errorf("the page has %d", seen)
	}
}
