package filter

import (
	"strings"
	"testing"

	"busbar/common/config"
)

func TestNearest(t *testing.T) {
	for want, near := range map[string]string{
		"debbugs.bug.create":                "",
		"debbugs.bug":                       "",
		"debbugs":                           "",
		"debbugs.bug.*":                     "",
		"org.debian.dev.debbugs.bug.create": "",
		"org.debian.production.dak":         "",
		"":                                  "",
		"debbug.bug.create":                 "debbugs.bug.create",
		"debbugs.bug.creat":                 "debbugs.bug.create",
		"debbugs.bug.created":               "debbugs.bug.create",
		"org.debian.dev.debbugs.bugs.close": "debbugs.bug.close",
		"DAK.Source.accept":                 "dak.source.accept",
		strings.Repeat("dak.", 1<<20):       "dak.package.accept",
	} {
		got := Nearest(config.DefaultBus().Prefix, want)
		if got != near && !(len(want) > 1000 && got != "") {
			t.Errorf("%.60q is told to be like %q, want %q", want, got, near)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"abc", "abc", 0}, {"abc", "acb", 2}} {
		if got := config.EditDistance(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
