package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"busbar/common/secret"
)

type shop struct {
	Shared
	Shop struct {
		URL   secret.URL        `toml:"url" doc:"Where."`
		Plain string            `toml:"plain" doc:"What."`
		Names map[string]string `toml:"names" doc:"Names."`
		Deep  struct {
			On bool `toml:"on" doc:"On."`
		} `toml:"deep"`
	} `toml:"shop"`
	Shelf []struct {
		Books []string `toml:"books" doc:"Which."`
		Size  Size     `toml:"size" doc:"How large."`
	} `toml:"shelf"`
}

// TestSettings: each value has its source, secrets are hidden, and what is shown is
// a configuration again.
func TestSettings(t *testing.T) {
	dir := t.TempDir()
	bus, own := filepath.Join(dir, "bus.toml"), filepath.Join(dir, "shop.toml")
	for path, text := range map[string]string{
		bus: "[bus]\nprefix = \"org.example\"\nenvironment = \"stg\"\nheartbeat = \"30s\"\n[sign.policy]\n\"org.example.*\" = [\"me\"]\n[hub]\nlisten = \"x\"\n",
		own: "[bus]\nenvironment = \"production\"\n[shop]\nurl = \"http://me:hunter2@example.org/\"\nplain = \"postgres://me:hunter2@x\\u007f/\\n\"\nnames.\"a b\" = \"c\"\n[[shelf]]\nbooks = [\"one\", \"two\"]\n[[shelf]]\nsize = \"1MiB\"\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := shop{Shared: DefaultShared()}
	list, files, err := Source{Program: "shop", Dir: dir, Set: []string{"bus.keep_age=1h", "shelf.1.books=three"}, Getenv: func(name string) string {
		return map[string]string{"BUSBAR_SHOP_DEEP_ON": "true"}[name]
	}}.Settings(&c, func() error { return c.CompleteShared("shop") })
	if err != nil || !slices.Equal(files, []string{bus, own}) {
		t.Fatalf("read %q, %v", files, err)
	}
	got := map[string]string{}
	var file strings.Builder
	table := ""
	for _, s := range list {
		got[s.Key] = s.TOML() + " " + s.From
		head, key, _ := strings.Cut(s.Key, ".")
		if s.Many {
			n, rest, _ := strings.Cut(key, ".")
			head, key = "["+head+"] # "+n, rest
		}
		if head != table {
			file.WriteString("[" + strings.Replace(head, "] #", "]] #", 1))
			if !s.Many {
				file.WriteString("]")
			}
			file.WriteString("\n")
			table = head
		}
		file.WriteString(key + " = " + s.TOML() + "\n")
	}
	for key, want := range map[string]string{
		"bus.prefix":      `"org.example" ` + bus,
		"bus.environment": `"production" ` + own,
		"bus.heartbeat":   `"30s" ` + bus,
		"bus.keep_age":    `"1h0m0s" --set`,
		"bus.journal":     `"/var/lib/busbar/shop/journal.db" default`,
		"bus.publish":     `[] default`,
		"sign.policy":     `{ "org.example.*" = ["me"] } ` + bus,
		"shop.names":      `{ "a b" = "c" } ` + own,
		"shop.deep.on":    `true $BUSBAR_SHOP_DEEP_ON`,
		"shelf.0.books":   `["one", "two"] ` + own,
		"shelf.1.books":   `["three"] --set`,
		"shelf.1.size":    `"1MiB" ` + own,
	} {
		if got[key] != want {
			t.Errorf("%s is %s, want %s", key, got[key], want)
		}
	}
	if strings.Contains(file.String(), "hunter2") {
		t.Errorf("a password is shown:\n%s", file.String())
	}
	again := shop{}
	if _, err := toml.Decode(file.String(), &again); err != nil {
		t.Fatalf("what is shown is no configuration: %v\n%s", err, file.String())
	}
	if again.Bus.KeepAge != c.Bus.KeepAge || !slices.Equal(again.Shelf[1].Books, c.Shelf[1].Books) || again.Shop.Names["a b"] != "c" || !again.Shop.Deep.On {
		t.Errorf("read again: %+v", again)
	}
}

// TestSettingsOfAWrongFile: what could be read is there, and so is the error.
func TestSettingsOfAWrongFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "own.toml")
	if err := os.WriteFile(path, []byte("[bus]\nprefix = \"org.example\"\nenvironmen = \"x\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := shop{Shared: DefaultShared()}
	list, _, err := Source{Program: "shop", File: path}.Settings(&c, nil)
	if err == nil || !strings.Contains(err.Error(), `did you mean "bus.environment"?`) {
		t.Errorf("the error is %v", err)
	}
	if i := slices.IndexFunc(list, func(s Setting) bool { return s.Key == "bus.prefix" }); i < 0 || list[i].Value != "org.example" {
		t.Errorf("the settings are %v", list)
	}
}
