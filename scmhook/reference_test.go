package main

import (
	"testing"

	"busbar/common/programtest"
)

// TestReference fails when the reference page is not what the program is.
func TestReference(t *testing.T) {
	config := DefaultConfig()
	programtest.Reference(t, "scmhook", description, &commandLine{}, &config)
}
