package manual

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"busbar/common/config"
)

type globals struct {
	Config string `help:"Read this file alone." placeholder:"FILE" type:"path"`
}

type referenceCLI struct {
	globals
	Fetch struct {
		Hard bool     `help:"Try | harder."`
		From string   `help:"Where <from>." placeholder:"PLACE" default:"here"`
		How  string   `help:"How." enum:"fast,slow" default:"fast"`
		Into string   `help:"Where to put it." placeholder:"DIR"`
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

// of is the manual of a program that fetches.
func of(t *testing.T, defaults any) *Manual {
	t.Helper()
	k, err := kong.New(&referenceCLI{}, kong.Name("fetcher"), kong.Description("Fetches things."))
	if err != nil {
		t.Fatal(err)
	}
	return &Manual{Model: k.Model, Keys: config.Keys(defaults), Version: "1.2", Date: time.Unix(1_790_000_000, 0), Examples: []Example{
		{Command: "fetch", Does: "Fetch it.", Line: "fetcher fetch \\\n\t.it"},
	}}
}

func TestMarkdown(t *testing.T) {
	var b strings.Builder
	all := referenceConfig{Bus: config.DefaultBus(), Sign: config.DefaultSign()}
	all.Thing.Lid = true
	m := of(t, &all)
	if err := m.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{
		"# fetcher\n",
		"\nFetches things.\n",
		"| `--config=FILE` | Read this file alone",
		"\n### fetcher fetch\n\nFetch things.\n",
		"| `<what> ...` | What to fetch. |\n",
		"\nFetch it:\n\n    fetcher fetch \\\n    \t.it\n",
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
	if got := m.Without(); !slices.Equal(got, []string{"box open"}) {
		t.Errorf("these have no example: %q", got)
	}
}
