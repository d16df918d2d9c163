package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"busbar/common/config"
)

// TestTablesAreLeftAlone: what bus and its daemons have in bus.toml, or in a machine's
// environment, stops no other program of the machine.
func TestTablesAreLeftAlone(t *testing.T) {
	shared := reflect.TypeFor[config.Shared]()
	own := 0
	for f := range reflect.TypeFor[Config]().Fields() {
		table := f.Tag.Get("toml")
		if _, ok := shared.FieldByName(f.Name); ok {
			continue
		}
		own++
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "bus.toml"), []byte("["+table+"]\nkey = 1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s := config.Source{Program: "mail2bus", Dir: dir, Getenv: func(string) string { return "" }, Environ: func() []string { return []string{"BUSBAR_" + strings.ToUpper(table) + "_KEY=1"} }}
		c := config.DefaultShared()
		if _, err := s.Load(&c); err != nil {
			t.Errorf("[%s] in bus.toml stops mail2bus: %v", table, err)
		}
	}
	if own < 5 {
		t.Errorf("only %d tables are of bus alone", own)
	}
}
