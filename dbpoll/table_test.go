package main

import (
	"strings"
	"testing"

	"busbar/adapters/tables"
	"busbar/adapters/wannabuild"
	"busbar/common/translate"
)

// TestPoisonIsReadBack: what is kept of a row is what explain and retry take.
func TestPoisonIsReadBack(t *testing.T) {
	for _, text := range []string{
		`{"log":{"action":"--take","package":"<tea>"},"nth":1}`,
		`{"table":"popcon","before":{"a":null},"after":{"a":"&"},"revision":4}`,
	} {
		r, err := parseRow([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if kept := translate.JSON(r); string(kept) != text {
			t.Errorf("%s is kept as %s", text, kept)
		}
	}
}

func FuzzParseRow(f *testing.F) {
	for _, text := range []string{`{"table":"a","after":{"x":1}}`, `{"package":"a","state":"b"}`, `{"table":7}`, `[]`, `{"replaced":{}}`} {
		f.Add(text)
	}
	cfg := DefaultConfig()
	if err := cfg.Complete(); err != nil {
		f.Fatal(err)
	}
	table := cfg.Translators()
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseRow([]byte(text))
		if err != nil {
			return
		}
		switch r.(type) {
		case wannabuild.Change, tables.Change:
		default:
			t.Fatalf("%q is %+v", text, r)
		}
		o, err := translate.Run(table, translate.Item[any]{Value: r})
		if err != nil {
			t.Fatalf("%q is the weather: %v", text, err)
		}
		if kept := translate.JSON(r); o.Poison != "" && strings.TrimSpace(string(kept)) == "" {
			t.Errorf("nothing is kept of %q", text)
		}
	})
}
