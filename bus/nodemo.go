//go:build nodemo

package main

import "errors"

// demoCommand stands where the demo was left out of the build.
type demoCommand struct {
	Demo noDemo `cmd:"" passthrough:"" hidden:"" help:"Not in this build: the demo is run from the source."`
}

type noDemo struct {
	Ignored []string `arg:"" optional:"" help:"Ignored."`
}

// Run says where there is a demo.
func (noDemo) Run() error {
	return errors.New("this build has no demo (run it from the source: go run ./bus demo)")
}
