package main

import (
	"testing"

	"busbar/common/programtest"
)

// TestReference fails when the reference page is not what the program is.
func TestReference(t *testing.T) {
	defaults := DefaultConfig()
	programtest.Reference(t, "scmhook", description, &commandLine{}, defaults)
}
