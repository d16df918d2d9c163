package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machine is what the figures were measured on.
func machine() string {
	return fmt.Sprintf("machine: %s, %d cores, %s memory, Linux %s, load %s, %s",
		value("/proc/cpuinfo", "model name"), runtime.NumCPU(), value("/proc/meminfo", "MemTotal"),
		firstLine("/proc/sys/kernel/osrelease"), firstLine("/proc/loadavg"), runtime.Version())
}

// value is that of the first "name: value" line of a file of the kernel's.
func value(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for l := range strings.Lines(string(text)) {
		if k, v, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

func firstLine(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	l, _, _ := strings.Cut(string(text), "\n")
	return l
}
