package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"busbar/common/daemon"
)

var update = flag.Bool("update", false, "rewrite the pages of docs/reference")

// TestReference fails when the reference page is not what the program is.
func TestReference(t *testing.T) {
	config := Config{Bus: daemon.DefaultBus(), Sign: daemon.DefaultSign()}
	var page bytes.Buffer
	if err := daemon.WriteReference(&page, "bus", "Follows and operates the bus.", &commandLine{}, &config); err != nil {
		t.Fatal(err)
	}
	comparePage(t, "bus.md", page.Bytes())
}

func comparePage(t *testing.T, name string, want []byte) {
	t.Helper()
	path := filepath.Join("..", "docs", "reference", name)
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/reference/%s is out of date: run `make generate` and read the difference", name)
	}
}

func TestTopicsReference(t *testing.T) {
	var page bytes.Buffer
	if err := writeMarkdown(&page, kinds()); err != nil {
		t.Fatal(err)
	}
	comparePage(t, "topics.md", page.Bytes())
}
