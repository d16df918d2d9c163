package manual

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"busbar/common/config"
)

// strange are texts that roff would take for something else.
type strange struct {
	Bus   config.Bus `toml:"bus"`
	Thing struct {
		Dots  string            `toml:"dots" doc:".Sh is no macro here. 'Tis neither; C:\\dir\\new is a path, \"quoted\"."`
		Names map[string]string `toml:"names" doc:"Ünïcödé – and a very long word: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."`
		Lid   []int             `toml:"lid" doc:"It's. Nm. Op."`
	} `toml:"thing"`
}

// TestPages has mandoc read the pages of a program whose texts are strange.
func TestPages(t *testing.T) {
	all := strange{Bus: config.DefaultBus()}
	all.Thing.Dots = `.Sh "x" \fB'`
	for _, each := range []bool{false, true} {
		m := of(t, &all)
		m.PageEach = each
		pages := m.Pages()
		want := []string{"fetcher.1", "fetcher.toml.5"}
		if each {
			want = []string{"fetcher-box.1", "fetcher-fetch.1", "fetcher.1", "fetcher.toml.5"}
		}
		if got := slices.Sorted(maps.Keys(pages)); !slices.Equal(got, want) {
			t.Errorf("the pages are %q, want %q", got, want)
		}
		dir := t.TempDir()
		if err := m.Write(dir); err != nil {
			t.Fatal(err)
		}
		for name := range pages {
			lint(t, filepath.Join(dir, "man", "man"+name[len(name)-1:], name))
		}
		text := rendered(t, filepath.Join(dir, "man", "man5", "fetcher.toml.5"))
		for _, want := range []string{
			`.Sh is no macro here.  'Tis neither; C:\dir\new is a path, "quoted".`,
			`dots = ".Sh \"x\" \\fB'"`, `Ünïcödé – and`, "names = {}", "lid = []", `heartbeat = "30s"`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the page does not say %q:\n%s", want, text)
			}
		}
		file := "fetcher.1"
		if each {
			file = "fetcher-fetch.1"
		}
		text = rendered(t, filepath.Join(dir, "man", "man1", file))
		for _, want := range []string{"Fetch it:\n\n           fetcher fetch \\\n           ", "--from=PLACE\n", "Default: here."} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q:\n%s", file, want, text)
			}
		}
		if strings.Contains(text, "Not told") {
			t.Errorf("a hidden command is told:\n%s", text)
		}
	}
}

// lint has mandoc say what is wrong with a page. What other pages it names is not
// known here.
func lint(t *testing.T, path string) {
	t.Helper()
	out, _ := exec.Command("mandoc", "-T", "lint", "-W", "style", path).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, "referenced manual not found") {
			t.Errorf("mandoc: %s", line)
		}
	}
	if _, err := exec.LookPath("mandoc"); err != nil {
		t.Fatal(err)
	}
}

// rendered is a page as it is read, without bold and underlined letters.
func rendered(t *testing.T, path string) string {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("mandoc", "-T", "utf8", "-O", "width=100")
	cmd.Stdin = bytes.NewReader(page)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("rendering %s: %v", path, err)
	}
	var b strings.Builder
	runes := []rune(string(out))
	for i, r := range runes {
		if r != '\b' && (i+1 == len(runes) || runes[i+1] != '\b') {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func TestFirst(t *testing.T) {
	for help, want := range map[string]string{
		"Look at it. Then go.":                "Look at it",
		"Poll once, and exit 0 (see e.g. x).": "Poll once, and exit 0 (see e.g. x)",
		"":                                    "",
		"Is it? [bus] says.":                  "Is it?",
	} {
		if got := first(help); got != want {
			t.Errorf("the first sentence of %q is %q, want %q", help, got, want)
		}
	}
}

// TestSample: a sample with all keys taken out of their comments is a configuration.
func TestSample(t *testing.T) {
	all := strange{Bus: config.DefaultBus()}
	all.Thing.Dots = "a\"\\\x7f\nb"
	var b strings.Builder
	if err := of(t, &all).Sample(&b); err != nil {
		t.Fatal(err)
	}
	sample := b.String()
	path := filepath.Join(t.TempDir(), "sample.toml")
	for name, text := range map[string]string{"as it is": sample, "uncommented": uncommented(sample)} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		read := strange{}
		if name == "as it is" {
			read = all
		}
		if _, err := (config.Source{File: path}).Load(&read); err != nil {
			t.Errorf("%s: %v in\n%s", name, err, text)
		}
		if read.Thing.Dots != all.Thing.Dots || read.Bus.Heartbeat != all.Bus.Heartbeat || read.Bus.PoisonItems != all.Bus.PoisonItems {
			t.Errorf("%s: %+v was read of\n%s", name, read, text)
		}
	}
	for line := range strings.Lines(sample) {
		if len(line) > 80 && !strings.Contains(line, "aaaaaaa") {
			t.Errorf("the sample has a long line: %s", line)
		}
	}
}

// uncommented takes the # away from keys and tables.
func uncommented(sample string) string {
	var b strings.Builder
	for line := range strings.Lines(sample) {
		if len(line) > 1 && line[0] == '#' && line[1] != ' ' {
			line = line[1:]
		}
		b.WriteString(line)
	}
	return b.String()
}
