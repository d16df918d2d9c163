package main

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"busbar/contrib/trials/trial"
)

// TestPowerCut is a small form of the trial.
func TestPowerCut(t *testing.T) {
	dir := t.TempDir()
	tr := cuts{program: filepath.Join(dir, "mail2bus"), dir: dir, mails: 8, each: 6, seed: 2}
	if err := trial.Build(t.Context(), dir, "mail2bus"); err != nil {
		t.Fatal(err)
	}
	sums, ops, err := tr.run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sums {
		t.Log(s)
		if !s.ok() {
			t.Errorf("%s: %q", s, s.firsts)
		}
	}
	t.Logf("%d operations", ops)
}

// TestLossIsFound shows that the models lose what is not synced: a file that is
// renamed without a sync is empty at some cut, and with it never.
func TestLossIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, m := range models {
		for _, careful := range []bool{false, true} {
			ops := []op{{what: "create", path: "tmp"}, {what: "write", path: "tmp", data: []byte("text")}}
			if careful {
				ops = append(ops, op{what: "sync", path: "tmp"})
			}
			ops = append(ops, op{what: "rename", path: "tmp", to: "file"})
			if careful {
				ops = append(ops, op{what: "sync", path: "."})
			}
			bad := 0
			for range 50 {
				root := filepath.Join(t.TempDir(), "cut")
				if err := cut(m, ops, len(ops), rng).leave(root); err != nil {
					t.Fatal(err)
				}
				if text, _ := os.ReadFile(filepath.Join(root, "file")); string(text) != "text" {
					bad++
				}
			}
			if careful != (bad == 0) {
				t.Errorf("%s, synced %v: %d of 50 cuts lost the file", m.name, careful, bad)
			}
		}
	}
}
