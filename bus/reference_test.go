package main

import (
	"testing"

	"busbar/common/program"
	"busbar/common/programtest"
)

// TestReference fails when the reference page is not what the program is.
func TestReference(t *testing.T) {
	programtest.Reference(t, described(&program.Env{Name: "bus"}), description, commands())
}

// TestTopicsReference does so for the page of topics.
func TestTopicsReference(t *testing.T) {
	code, page, errs := programtest.Run("bus", run, nil, "catalog", "--format", "markdown")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	programtest.Page(t, "topics.md", []byte(page))
}

// TestStatesReference does so for the page of states.
func TestStatesReference(t *testing.T) {
	code, page, errs := programtest.Run("bus", run, nil, "catalog", "--states", "--format", "markdown")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	programtest.Page(t, "state.md", []byte(page))
}
