package screen

import (
	"strings"
	"testing"
	"time"

	"busbar/common/program"
)

func table() *Table {
	t := &Table{Columns: []Column{{}, {Title: "NAME", Least: 6}, {Title: "N", Right: true}, {Title: "NOTE", Least: 5, Rank: 1}, {Title: "EMPTY", Rank: 2}}}
	t.Add(Cell{Text: "●", Style: Green}, Cell{Text: "mail2bus.lists"}, Cell{Text: "12"}, Cell{Text: "all is well here"}, Cell{Text: "x"})
	t.Add(Cell{}, Cell{Text: "新しい\x1b[31m"}, Cell{Text: "1234"})
	return t
}

// TestTable: it fits, columns go before texts are cut to nothing, and no stranger's
// text commands the terminal.
func TestTable(t *testing.T) {
	for _, c := range []struct {
		screen Screen
		want   string
	}{
		{Screen{}, `
   NAME               N  NOTE              EMPTY
●  mail2bus.lists    12  all is well here  x
   新しい�[31m     1234
`},
		{Screen{Width: 45}, `
   NAME               N  NOTE           EMPTY
●  mail2bus.lists    12  all is well …  x
   新しい�[31m     1234
`},
		{Screen{Width: 34}, `
   NAME            N  NOTE   EMPTY
●  mail2bus.l…    12  all …  x
   新しい�[31m  1234
`},
		{Screen{Width: 25}, `
   NAME          N  NOTE
●  mail2bus…    12  all …
   新しい�[…  1234
`},
		{Screen{Width: 3, Plain: true}, `
   NAME       N
●  mail2~    12
   新し~   1234
`},
	} {
		var b strings.Builder
		if err := table().Write(&b, c.screen); err != nil {
			t.Fatal(err)
		}
		if got := "\n" + b.String(); got != c.want {
			t.Errorf("in %d columns:%swant%s", c.screen.Width, got, c.want)
		}
		for line := range strings.Lines(b.String()) {
			if n := Columns(strings.TrimSuffix(line, "\n")); c.screen.Width > 20 && n > c.screen.Width {
				t.Errorf("%q takes %d columns of %d", line, n, c.screen.Width)
			}
		}
	}
	var b strings.Builder
	if err := table().Write(&b, Screen{Color: true}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "\x1b[32m●\x1b[0m  mail2bus") || strings.Contains(b.String(), "\x1b[31m") {
		t.Errorf("in colours: %q", b.String())
	}
}

func TestCutStart(t *testing.T) {
	for most, want := range map[int]string{0: "/a/新/journal.db", 16: "/a/新/journal.db", 15: "…/新/journal.db", 14: "…新/journal.db", 13: "…/journal.db", 12: "…/journal.db", 1: "…"} {
		if got := (Screen{}).CutStart("/a/新/journal.db", most); got != want {
			t.Errorf("in %d columns %q, want %q", most, got, want)
		}
	}
}

// TestFindings: each once; in a terminal long ones go on below.
func TestFindings(t *testing.T) {
	f := program.Finding{What: "tcp://a:1", Level: "warn", Detail: "it is\nnot well (look at it)"}
	for width, want := range map[int]string{0: "▲ warn  tcp://a:1  it is; not well (look at it)\n", 30: "▲ warn  tcp://a:1  it is; not\n        well (look at it)\n", 9: "▲ warn  tcp://a:1\n        it\n        is;\n        not\n        well\n        (look\n        at\n        it)\n"} {
		var b strings.Builder
		if err := Findings(&b, Screen{Width: width}, []program.Finding{f, f}); err != nil || b.String() != want {
			t.Errorf("in %d columns:\n%s%v", width, b.String(), err)
		}
	}
}

func TestAge(t *testing.T) {
	now := time.Now()
	for ago, want := range map[time.Duration]string{
		-time.Hour: "0s", 0: "0s", 119 * time.Second: "119s", 2 * time.Minute: "2min", 2 * time.Hour: "2h", 47 * time.Hour: "47h", 48 * time.Hour: "2d",
	} {
		if got := Age(now, now.Add(-ago)); got != want {
			t.Errorf("%s ago is %q, want %q", ago, got, want)
		}
	}
	if got := Age(now, time.Time{}); got != "" {
		t.Errorf("never is %q", got)
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1 000", -1000: "-1 000", -999: "-999", 1234567: "1 234 567"} {
		if got := Count(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
