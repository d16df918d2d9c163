package config

import (
	"strings"
	"testing"
)

type manyConfig struct {
	Bus   Bus          `toml:"bus"`
	Shelf []shelfTable `toml:"shelf"`
}

type shelfTable struct {
	Name  string   `toml:"name" doc:"What stands on it."`
	Books []string `toml:"books" doc:"Which books."`
	Poll  Duration `toml:"poll" doc:"How often."`
}

// TestTablesThatAreThereSeveralTimes reads [[shelf]] from a file, and changes
// and adds some by --set.
func TestTablesThatAreThereSeveralTimes(t *testing.T) {
	text := "[[shelf]]\nname = \"a\"\nbooks = [\"x\"]\n[[shelf]]\nname = \"b\"\n"
	for _, c := range []struct {
		file string
		set  []string
		want string // names, then books; or part of the error
	}{
		{text, nil, "a[x] b[]"},
		{text, []string{"shelf.1.name=c", "shelf.1.books=y,z"}, "a[x] c[y z]"},
		{text, []string{"shelf.2.name=c", "shelf.2.poll=3s", "shelf.0.books="}, "a[] b[] c[]"},
		{"", []string{"shelf.0.name=only"}, "only[]"},
		{text, []string{"shelf.3.name=c"}, "there are 2 tables"},
		{text, []string{"shelf.-1.name=c"}, "there are 2 tables"},
		{text, []string{"shelf.0.nam=c"}, `unknown key "shelf.nam"; did you mean "shelf.name"?`},
		{text, []string{"shelf.name=c"}, "such as shelf.0.name"},
		{text, []string{"shelf.0.poll=soon"}, "number with a unit"},
		{text, []string{"shelves.0.name=c"}, "unknown key"},
		{"[[shelf]]\nbook = \"x\"\n", nil, `unknown key "shelf.book"; did you mean "shelf.books"?`},
		{"[[shelve]]\nname = \"x\"\n", nil, `unknown key "shelve`},
		{"[shelf]\nname = \"x\"\n", nil, "shelf"},
	} {
		s := Source{Program: "prog", File: file(t, t.TempDir(), "prog.toml", c.file), Set: c.set, Getenv: env("BUSBAR_SHELF_NAME", "no")}
		config := manyConfig{Bus: DefaultBus()}
		_, err := s.Load(&config)
		var got []string
		for _, shelf := range config.Shelf {
			got = append(got, shelf.Name+"["+strings.Join(shelf.Books, " ")+"]")
		}
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q %q: %v, want %q", c.file, c.set, err, c.want)
			}
			continue
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q %q gives %q, want %q", c.file, c.set, got, c.want)
		}
	}
}
