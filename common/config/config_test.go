package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

type sampleConfig struct {
	Bus  Bus  `toml:"bus"`
	Sign Sign `toml:"sign"`
	Own  struct {
		Dirs  []string `toml:"dirs" doc:"Where to look."`
		Lists bool     `toml:"lists" doc:"Whether."`
		Count int      `toml:"count" doc:"How many."`
		Limit Size     `toml:"limit" doc:"How large."`
		Poll  Duration `toml:"poll" doc:"How often."`
	} `toml:"own"`
}

func sample() *sampleConfig {
	c := &sampleConfig{Bus: DefaultBus(), Sign: DefaultSign()}
	c.Own.Poll, c.Own.Limit = Duration(time.Minute), 64<<20
	return c
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func file(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTablesOfDaemons: what the daemons of bus have in bus.toml is theirs, for every
// other program on the machine; elsewhere it is a mistake.
func TestTablesOfDaemons(t *testing.T) {
	dir := t.TempDir()
	shared := file(t, dir, "bus.toml", "[bus]\nname = \"shared\"\n[hub]\nlisten = \"x\"\n[hub.canary]\nalarm = true\n")
	var c Shared
	s := Source{Program: "prog", Dir: dir}
	if _, err := s.Load(&c); err != nil || c.Bus.Name != "shared" {
		t.Errorf("it gives %+v, %v", c.Bus, err)
	}
	s.File = shared
	if _, err := s.Load(&c); err == nil || !strings.Contains(err.Error(), `unknown key "hub`) {
		t.Errorf("a program's own file with [hub] gives %v", err)
	}
	file(t, dir, "bus.toml", "[hub]\nlisten = \"x\"\n[bus]\njurnal = \"x\"\n")
	if _, err := (Source{Program: "prog", Dir: dir}).Load(&c); err == nil || !strings.Contains(err.Error(), "bus.jurnal") {
		t.Errorf("a mistake behind it gives %v", err)
	}
}

// TestLayers goes from the defaults to --set; each layer overrides the one before.
func TestLayers(t *testing.T) {
	dir := t.TempDir()
	file(t, dir, "bus.toml", "[bus]\nprefix = \"org.shared\"\nenvironment = \"stg\"\nname = \"shared\"\n")
	file(t, dir, "prog.toml", "[bus]\nenvironment = \"production\"\nname = \"own\"\n[own]\ndirs = [\"a\", \"b\"]\npoll = \"5s\"\n")
	s := Source{Program: "prog", Dir: dir}
	layers := []struct {
		add  func()
		want string // prefix environment name dirs poll
	}{
		{func() {}, "org.shared production own [a b] 5s"},
		{func() {
			s.Getenv = env("BUSBAR_BUS_NAME", "env", "BUSBAR_OWN_DIRS", "c, d,,e", "BUSBAR_OWN_POLL", "6s")
		}, "org.shared production env [c d e] 6s"},
		{func() { s.Set = []string{"bus.name=flag", " own.dirs = f "} }, "org.shared production flag [f] 6s"},
	}
	for _, l := range layers {
		l.add()
		c := sample()
		files, err := s.Load(c)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{dir + "/bus.toml", dir + "/prog.toml"}; !slices.Equal(files, want) {
			t.Errorf("files read: %q, want %q", files, want)
		}
		got := strings.Join([]string{c.Bus.Prefix, c.Bus.Environment, c.Bus.Name, "[" + strings.Join(c.Own.Dirs, " ") + "]", time.Duration(c.Own.Poll).String()}, " ")
		if got != l.want {
			t.Errorf("got %q, want %q", got, l.want)
		}
		if c.Bus.Heartbeat != Duration(30*time.Second) || c.Own.Limit != 64<<20 {
			t.Errorf("defaults are gone: %+v", c)
		}
	}
}

func TestOneFileAlone(t *testing.T) {
	dir := t.TempDir()
	file(t, dir, "bus.toml", "[bus]\nname = \"shared\"\n")
	path := file(t, dir, "other.toml", "[own]\ncount = 7\n")
	c := sample()
	files, err := Source{Program: "prog", Dir: dir, File: path}.Load(c)
	if err != nil || !slices.Equal(files, []string{path}) || c.Own.Count != 7 || c.Bus.Name != "" {
		t.Errorf("%q, %v, %+v", files, err, c)
	}
	c = sample() // no file at all is no error
	if files, err := (Source{Program: "prog", Dir: dir + "/none"}).Load(c); err != nil || files != nil {
		t.Errorf("%q, %v", files, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, file, set, env, value string
		want                        string
	}{
		{name: "syntax", file: "[bus]\nname = \n", want: "line 2"},
		{name: "a key of no table", file: "nam = 1\n", want: `unknown key "nam"`},
		{name: "near", file: "[bus]\njurnal = \"x\"\n", want: `unknown key "bus.jurnal"; did you mean "bus.journal"?`},
		{name: "a table mistyped", file: "[bsu]\nname = \"x\"\n", want: "unknown key \"bsu"},
		{name: "far", file: "[zzzzzzzzzzzz]\nqqqqqqqqqqqqqqqq = 1\n", want: "reference page"},
		{name: "type", file: "[bus]\nname = 3\n", want: "name"},
		{name: "duration", file: "[own]\npoll = \"30\"\n", want: "number with a unit"},
		{name: "size", file: "[own]\nlimit = \"64MB\"\n", want: "want a whole number with KiB"},
		{name: "flag without a value", set: "bus.name", want: "want KEY=VALUE"},
		{name: "flag near", set: "bus.nam=x", want: `did you mean "bus.name"?`},
		{name: "flag bool", set: "own.lists=perhaps", want: "neither true nor false"},
		{name: "flag number", set: "own.count=many", want: "not a number"},
		{name: "flag table", set: "sign.policy=x", want: "only be set in a file"},
		{name: "variable", env: "BUSBAR_OWN_POLL", value: "soon", want: "reading BUSBAR_OWN_POLL from the environment"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Source{Program: "prog", Getenv: env(c.env, c.value), File: file(t, dir, "prog.toml", c.file)}
			if c.set != "" {
				s.Set = []string{c.set}
			}
			if _, err := s.Load(sample()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	if _, err := (Source{File: dir + "/none.toml"}).Load(sample()); err == nil || !strings.Contains(err.Error(), "none.toml") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestComplete(t *testing.T) {
	c := DefaultBus()
	if err := c.Complete("prog"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(c.Name, "prog.") || strings.Count(c.Name, ".") != 1 || c.Journal != "/var/lib/busbar/prog/journal.db" {
		t.Errorf("%+v", c)
	}
	for _, bad := range []struct {
		change func(*Bus)
		want   string
	}{
		{func(c *Bus) { c.Prefix = "Org..debian" }, "[bus] prefix"},
		{func(c *Bus) { c.Environment = "my.env" }, "[bus] environment"},
		{func(c *Bus) { c.Environment = "" }, "[bus] environment"},
		{func(c *Bus) { c.Compat = []string{"debmessenger", "fedora"} }, "known: debmessenger, debexpo"},
		{func(c *Bus) { c.Publish = []string{"9940"} }, "tcp://*:9940"},
		{func(c *Bus) { c.Replay = []string{"9941"} }, "tcp://*:9941"},
		{func(c *Bus) { c.Publish = []string{"tcp://*:9940"}; c.Replay = c.Publish }, "is in publish, too"},
	} {
		c := DefaultBus()
		bad.change(&c)
		if err := c.Complete("prog"); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%v, want %q", err, bad.want)
		}
	}
}
