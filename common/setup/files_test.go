package setup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// tree is what a machine holds: each file's name, mode and text.
func tree(t *testing.T, m *Machine) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(m.Root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		b.WriteString(strings.TrimPrefix(path, m.Root) + " " + info.Mode().String())
		if info.Mode().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b.WriteString(" " + string(text))
		}
		b.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// all is a plan of each kind of step.
func all(m *Machine) Plan {
	values := Values{{"bus", "publish", []string{"tcp://127.0.0.1:9940"}}, {"bus", "name", "a\"b"}, {"mail", "lists", true}}
	return Plan{
		m.Folder("/etc/busbar", 0o755, Owner{}), m.Folder("/var/spool/x", 0o2770, Owner{}), m.Authority(), m.Key("mail2bus"),
		m.Configuration("/etc/busbar/mail2bus.toml", "what it is", values, false), m.File("/etc/systemd/system/x.d/y.conf", "[Service]\n", 0o644, Owner{}),
		m.Request("dbpoll", "dbpoll-far"),
	}
}

// TestStepsAreTakenBack cuts a plan off behind each of its steps: the machine is as it
// was before; and when it was done, nothing is left to do.
func TestStepsAreTakenBack(t *testing.T) {
	for n := range 8 {
		m := machine(t, map[string]string{"/etc/hostname": "here\n"})
		before := tree(t, m)
		p := all(m)
		if n == len(p) {
			if made, err := p.Run(t.Context(), func(string) {}); err != nil || made != n {
				t.Fatalf("made %d, %v", made, err)
			}
			if left, err := all(m).Pending(); err != nil || len(left) != 0 {
				t.Errorf("left are %d steps, such as %q, %v", len(left), left[0].Say, err)
			}
			continue
		}
		p = append(slices.Clone(p[:n+1]), Step{Say: "break", Do: func() error { return errors.New("it broke") }})
		if _, err := p.Run(t.Context(), func(string) {}); err == nil || err.Error() != "to break: it broke" {
			t.Errorf("step %d: %v", n, err)
		}
		if after := tree(t, m); after != before {
			t.Errorf("step %d leaves behind:\n%s\nwhere there was\n%s", n, after, before)
		}
	}
}

// TestConfigurationOfAPerson: what a person wrote stays, and is no obstacle where it
// says the same in other words.
func TestConfigurationOfAPerson(t *testing.T) {
	const file = "/etc/busbar/mail2bus.toml"
	own := "# mine\n[mail]\nspool='/x'\nlists = false\n[bus]\npublish = [\n 'tcp://a:1' ]\n"
	m := machine(t, map[string]string{file: own})
	same := Values{{"bus", "publish", []string{"tcp://a:1"}}, {"mail", "spool", "/x"}}
	if done, err := m.Configuration(file, "", same, false).Done(); err != nil || !done {
		t.Errorf("the same in other words: %v, %v", done, err)
	}
	other := Values{{"bus", "publish", []string{"tcp://a:2"}}, {"mail", "spool", "/x"}, {"mail", "limit", "1MiB"}}
	_, err := m.Configuration(file, "", other, false).Done()
	if err == nil || !strings.Contains(err.Error(), `[bus] publish is ["tcp://a:1"], and should be ["tcp://a:2"]; [mail] limit is not set, and should be "1MiB"`) {
		t.Errorf("%v", err)
	}
	p := Plan{m.Configuration(file, "new", other, true)}
	if _, err := p.Run(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	if old, err := os.ReadFile(m.Path(file + ".old")); err != nil || string(old) != own {
		t.Errorf("%q, %v", old, err)
	}
	if err := p[0].Undo(); err != nil {
		t.Error(err)
	}
	if now, err := os.ReadFile(m.Path(file)); err != nil || string(now) != own {
		t.Errorf("taken back: %q, %v", now, err)
	}
}

// TestKeyOfAnotherMachine: what cannot be issued here says what to do.
func TestKeyOfAnotherMachine(t *testing.T) {
	m := machine(t, map[string]string{"/etc/busbar/ca.crt": "x"})
	if _, err := m.Key("mail2bus").Done(); err == nil || !strings.Contains(err.Error(), "--request") {
		t.Errorf("%v", err)
	}
	m = machine(t, map[string]string{"/etc/busbar/mail2bus.key": "x"})
	if _, err := m.Key("mail2bus").Done(); err == nil || !strings.Contains(err.Error(), "only one is there") {
		t.Errorf("%v", err)
	}
}

// FuzzValues: what is written is read back as it was.
func FuzzValues(f *testing.F) {
	f.Add("/home/alice/Mail dir", "tcp://*:9940")
	f.Add("\"\\\n\x7f", "#")
	f.Add("0", "\xa5")
	f.Fuzz(func(t *testing.T, a, b string) {
		v := Values{{"mail", "spool", a}, {"bus", "publish", []string{a, b}}}
		var there There
		if v.unwritable() != "" {
			if utf8.ValidString(a) && utf8.ValidString(b) {
				t.Fatalf("%q and %q cannot be written", a, b)
			}
			return // it is refused before anything is done
		}
		if _, err := toml.Decode(v.Text("c"), &there); err != nil {
			t.Fatalf("%q: %v", v.Text("c"), err)
		}
		if other := there.differ(v); len(other) > 0 {
			t.Fatalf("%q: %q", v.Text("c"), other)
		}
	})
}
