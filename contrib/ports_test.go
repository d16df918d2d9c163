package contrib

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

var (
	claim   = regexp.MustCompile(`\b(publish|listen|metrics) = ("[^"]*"|\[[^\]]*\])|(BUSBAR_BUS_PUBLISH|BUSBAR_WEBHOOK_LISTEN|BUSBAR_BUS_METRICS)=(\S+)`)
	port    = regexp.MustCompile(`:(\d{4,5})\b`)
	ofPage  = map[string]string{"tutorial.md": "mail2bus", "README.md": "mail2bus", "wanna-build.md": "dbpoll", "any-table.md": "dbpoll", "soap.md": "soapbus", "git-hooks.md": "scmhook", "svn-hg-hooks.md": "scmhook", "webhooks.md": "scmhook serve", "webhooks.conf": "scmhook serve", "notify.md": "bus notify", "notify-self.md": "bus notify"}
	aboutUs = []string{"../contrib/config", "../contrib/systemd", "../docs", "../README.md"}
)

// TestNoPortTwice reads all samples and pages: who installs every program as
// they say must not find two at one port.
func TestNoPortTwice(t *testing.T) {
	taken := map[string]string{}
	for _, root := range aboutUs {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.Contains(path, "reference") {
				return err
			}
			who, ok := ofPage[filepath.Base(path)]
			if !ok {
				who = strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".toml"), ".service")
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range claim.FindAllStringSubmatch(string(text), -1) {
				what := strings.ToLower(strings.NewReplacer("BUSBAR_BUS_", "", "BUSBAR_WEBHOOK_", "").Replace(m[1] + m[3]))
				for _, p := range port.FindAllStringSubmatch(m[2]+m[4], -1) {
					claimed := who + " " + what
					if other, ok := taken[p[1]]; ok && other != claimed {
						t.Errorf("%s: port %s is of %s, and of %s", path, p[1], claimed, other)
					}
					taken[p[1]] = claimed
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(taken) < 7 {
		t.Errorf("only %d ports were found: %v", len(taken), taken)
	}
	var bus struct {
		Bus struct{ Subscribe []string }
	}
	if _, err := toml.DecodeFile("config/bus.toml", &bus); err != nil {
		t.Fatal(err)
	}
	for p, who := range taken {
		if who == "new-channel.md publish" || who == "hub.md publish" || who == "several-owners.md publish" {
			continue // an example, which nobody installs; a hub, which follows the others; what publishers.d names
		}
		if strings.HasSuffix(who, " publish") && !strings.Contains(strings.Join(bus.Bus.Subscribe, " "), ":"+p) {
			t.Errorf("bus.toml does not subscribe to %s at port %s", who, p)
		}
	}
}

// TestUnitsLoadWhatDocumentsMake: the key that a unit loads is that of the
// sample, and a page makes it.
func TestUnitsLoadWhatDocumentsMake(t *testing.T) {
	for name, page := range map[string]string{
		"mail2bus": "tutorial.md", "dbpoll": "howto/wanna-build.md", "soapbus": "howto/soap.md", "scmhook": "howto/git-hooks.md",
	} {
		if key := "/etc/busbar/" + name + ".key"; !strings.Contains(read(t, unit(name)), "LoadCredential=key:"+key) || !strings.Contains(read(t, "config/"+name+".toml"), key) {
			t.Errorf("unit and sample of %s do not agree on %s", name, key)
		}
		text := read(t, "../docs/"+page)
		for _, want := range []string{"install -d -m 755 /etc/busbar", "bus keys --dir /etc/busbar issue " + name + " ", "bus keys --dir /etc/busbar init"} {
			if !strings.Contains(strings.ReplaceAll(text, "\n", " \n"), want) {
				t.Errorf("%s does not say %q", page, want)
			}
		}
	}
	// The server for webhooks has a key of its own, beside that of the hooks.
	for file, want := range map[string]string{
		"systemd/webhooks.conf":     "LoadCredential=key:/etc/busbar/scmhook-webhooks.key\nEnvironment=BUSBAR_SIGN_CERTIFICATE=/etc/busbar/scmhook-webhooks.crt\n",
		"../docs/howto/webhooks.md": "    bus keys --dir /etc/busbar issue scmhook-webhooks\n",
	} {
		if !strings.Contains(read(t, file), want) {
			t.Errorf("%s does not say %q", file, want)
		}
	}
}
