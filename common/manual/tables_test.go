package manual

import (
	"strings"
	"testing"

	"busbar/common/config"
)

type shelves struct {
	Bus   config.Bus `toml:"bus"`
	Shelf []shelf    `toml:"shelf"`
}

type shelf struct {
	Books []string        `toml:"books" doc:"Which books."`
	Poll  config.Duration `toml:"poll" doc:"How often."`
}

func TestReferenceTellsTablesThatAreThereSeveralTimes(t *testing.T) {
	var b strings.Builder
	if err := of(t, &shelves{Bus: config.DefaultBus()}).Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n### [[shelf]], once for each\n",
		"| `books` | list of text |  |  | Which books. |\n",
		"| `poll` | duration | `0s` |  | How often. |\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}
