package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/common/programtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bus": main})
}

// TestScripts runs the whole program; what is of one command stands beside it.
func TestScripts(t *testing.T) {
	programtest.Scripts{Program: "bus"}.Run(t)
}
