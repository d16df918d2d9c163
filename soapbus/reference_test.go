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
	config := DefaultConfig()
	var page bytes.Buffer
	if err := daemon.WriteReference(&page, "soapbus", description, &commandLine{}, &config); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "docs", "reference", "soapbus.md")
	if *update {
		if err := os.WriteFile(path, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, page.Bytes()) {
		t.Error("docs/reference/soapbus.md is out of date: run `make generate` and read the difference")
	}
}
