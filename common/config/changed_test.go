package config

import (
	"slices"
	"testing"
)

// TestChangedOfItsOwn: what a program keeps beside its keys, as what it made of them,
// is no key, and does not matter.
func TestChangedOfItsOwn(t *testing.T) {
	type table struct {
		Name string `toml:"name"`
	}
	type configuration struct {
		Key    string  `toml:"key"`
		Tables []table `toml:"table"`

		made []table
		of   *table
	}
	a := &configuration{Key: "a", made: []table{{"x"}}}
	b := &configuration{Key: "b", Tables: []table{{"y"}}, of: &table{}}
	if got := Changed(a, b, nil); !slices.Equal(got, []string{"key", "table"}) {
		t.Errorf("%q changed", got)
	}
}
