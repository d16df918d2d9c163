package main

import (
	"testing"

	"busbar/common/program"
	"busbar/common/programtest"
)

// TestReference fails when the reference page is not what the program is.
func TestReference(t *testing.T) {
	programtest.Reference(t, described(&program.Env{Name: "scmhook"}), description, &commandLine{})
}
