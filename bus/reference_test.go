package main

import (
	"bytes"
	"testing"

	"busbar/common/daemon"
	"busbar/common/programtest"
)

// TestReference fails when the reference page is not what the program is.
func TestReference(t *testing.T) {
	config := Config{Bus: daemon.DefaultBus(), Sign: daemon.DefaultSign()}
	programtest.Reference(t, "bus", "Follows and operates the bus.", &commandLine{}, &config)
}

func TestTopicsReference(t *testing.T) {
	var page bytes.Buffer
	if err := writeMarkdown(&page, kinds()); err != nil {
		t.Fatal(err)
	}
	programtest.Page(t, "topics.md", page.Bytes())
}
