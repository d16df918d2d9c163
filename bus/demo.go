//go:build !nodemo

package main

import "busbar/bus/demo"

// demoCommand brings the fixtures with it.
type demoCommand = demo.Command
