package program

import (
	"os"
	"runtime/debug"
)

// Soft limits of memory, in bytes. What is alive stays bounded by the limits on
// messages, queues and items; this bounds what waits to be collected, which
// would double it.
const (
	softMemory = 160 << 20 // of a daemon
	// FollowMemory is for a program that only follows the bus.
	FollowMemory = 64 << 20
)

// SoftMemory makes the collector work harder near limit, unless GOMEMLIMIT says
// otherwise.
func SoftMemory(limit int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
}
