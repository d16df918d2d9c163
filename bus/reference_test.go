package main

import (
	"testing"

	"busbar/bus/config"
	"busbar/common/programtest"
)

// TestReference fails when the reference page is not what the program is.
func TestReference(t *testing.T) {
	c := config.Default()
	programtest.Reference(t, "bus", "Follows and operates the bus.", commands(), &c)
}

// TestTopicsReference does so for the page of topics.
func TestTopicsReference(t *testing.T) {
	code, page, errs := programtest.Run("bus", run, nil, "catalog", "--format", "markdown")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	programtest.Page(t, "topics.md", []byte(page))
}
