package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// A secretive configuration has two secrets, and a table that may be there several times.
type secretive struct {
	sampleConfig
	Push  Push `toml:"push"`
	Table []struct {
		Name string   `toml:"name" doc:"What it is called."`
		Keys []string `toml:"keys" doc:"Which keys."`
	} `toml:"table"`
}

func secretSample() *secretive { return &secretive{sampleConfig: *sample(), Push: defaultPush()} }

// FuzzLoad: a file, a variable and a flag give the same configuration each time, or an
// error; a setting says where it comes from, and is read back as it is written; and no
// password of an address is shown.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"bus", "mail2bus", "dbpoll"} {
		text, err := os.ReadFile("../../contrib/config/" + name + ".toml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "prog", "own.count=7")
	}
	f.Add("[own]\ndirs = [\"/a,b\", \"\"]\nlimit = \"64MiB\"\npoll = \"1h\"\n[[table]]\nname = \"x\"\nkeys = [\"a\"]\n", "a", "table.1.name=y")
	f.Add("[bus]\nnmae = \"x\"\n", "", "bus.publish=tcp://*:1, ,b")
	f.Add("[push]\nurl = \"https://jane:Pw12345678@hub.example.org/push\"\n", "", "push.url=x")
	f.Add("own.poll = 5\n[hub]\nx = 1", "", "table.99999999999999999999.name=")
	dir := f.TempDir()
	file := filepath.Join(dir, "x.toml")
	f.Fuzz(func(t *testing.T, text, variable, assignment string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s := Source{Program: "prog", File: file, Getenv: env("BUSBAR_BUS_NAME", variable)}
		if assignment != "" {
			s.Set = []string{assignment}
		}
		c, again := secretSample(), secretSample()
		list, _, err := s.Settings(c, nil)
		if _, err2 := s.Load(again); (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
			t.Fatalf("%q: %v, then %v", text, err, err2)
		}
		if err != nil {
			if len(err.Error()) > 8*(len(text)+len(variable)+len(assignment))+2000 {
				t.Errorf("%q: an error of %d bytes", text, len(err.Error()))
			}
			return
		}
		if !reflect.DeepEqual(c, again) {
			t.Errorf("%q gives %+v, then %+v", text, c, again)
		}
		if variable != "" && c.Bus.Name != variable && !strings.HasPrefix(strings.TrimSpace(assignment), "bus.name") {
			t.Errorf("the name is %q, not %q", c.Bus.Name, variable)
		}
		if utf8.ValidString(variable + assignment) { // a file is
			checkSettings(t, c, list)
		}
	})
}

// checkSettings writes the settings as a file, and reads that.
func checkSettings(t *testing.T, c *secretive, list []Setting) {
	t.Helper()
	var b strings.Builder
	for _, s := range list {
		if s.From == "" {
			t.Errorf("%s comes from nowhere", s.Key)
		}
		if password := c.Push.URL; s.Key == "push.url" && password.HasPassword() && fmt.Sprint(s.Value) == password.Reveal() {
			t.Errorf("the password is shown: %v", s.Value)
		}
		if s.Many || s.Key == "push.url" || s.Key == "table" {
			continue
		}
		fmt.Fprintf(&b, "%s = %s\n", s.Key, s.TOML())
	}
	file := filepath.Join(t.TempDir(), "again.toml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	again := secretSample()
	if _, err := (Source{Program: "prog", File: file}).Load(again); err != nil {
		t.Fatalf("%v, of\n%s", err, b.String())
	}
	again.Push.URL, again.Table = c.Push.URL, c.Table
	if fmt.Sprintf("%+v", again) != fmt.Sprintf("%+v", c) {
		t.Errorf("it is read back as %+v, not %+v, of\n%s", again, c, b.String())
	}
}
