package program

import (
	"strings"
	"testing"

	"busbar/common/config"
)

type referenceCLI struct {
	Globals
	Fetch struct {
		Hard bool     `help:"Try | harder."`
		From string   `help:"Where <from>." placeholder:"PLACE" default:"here"`
		What []string `arg:"" help:"What to fetch."`
	} `cmd:"" help:"Fetch things."`
	Box struct {
		Size int `help:"How large." default:"3"`
		Open struct {
			Slowly bool `help:"Take your time."`
		} `cmd:"" help:"Open the box."`
	} `cmd:"" help:"A box."`
	Secret struct {
	} `cmd:"" hidden:"" help:"Not told."`
}

type referenceConfig struct {
	Bus   config.Bus  `toml:"bus"`
	Sign  config.Sign `toml:"sign"`
	Thing struct {
		Lid bool `toml:"lid" doc:"Has a lid | or not."`
	} `toml:"thing"`
}

func TestWriteReference(t *testing.T) {
	var b strings.Builder
	all := referenceConfig{Bus: config.DefaultBus(), Sign: config.DefaultSign()}
	all.Thing.Lid = true
	if err := WriteReference(&b, "fetcher", "Fetches things.", &referenceCLI{}, &all); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{
		"# fetcher\n",
		"\nFetches things.\n",
		"| `--config=FILE` | Read this file alone",
		"\n### fetcher fetch\n\nFetch things.\n",
		"| `<what> ...` | What to fetch. |\n",
		"| `--hard` | Try \\| harder. |  |\n",
		"| `--from=PLACE` | Where &lt;from>. | `here` |\n",
		"\n### fetcher box open\n",
		"| `--size=3` | How large. | `3` |\n",
		"`/etc/busbar/fetcher.toml` over `/etc/busbar/bus.toml`",
		"\n### [bus]\n",
		"| `prefix` | text | `org.debian` | `BUSBAR_BUS_PREFIX` | Topic prefix",
		"| `heartbeat` | duration | `30s` | `BUSBAR_BUS_HEARTBEAT` |",
		"| `policy` | table |  |  | Who may say what",
		"| `lid` | yes or no | `true` | `BUSBAR_THING_LID` | Has a lid \\| or not. |\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	if strings.Contains(page, "Not told") {
		t.Error("a hidden command is told")
	}
	if t.Failed() {
		t.Log(page)
	}
	for _, k := range config.Keys(&all) {
		if k.Doc == "" {
			t.Errorf("the key %s has no doc tag", k.Path)
		}
	}
	if err := WriteReference(&b, "x", "", 7, &all); err == nil {
		t.Error("no grammar, and no error")
	}
}
