package trial

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Machine is what figures were measured on.
func Machine() string {
	return fmt.Sprintf("machine: %s, %d cores, %s memory, Linux %s, load %s, %s",
		value("/proc/cpuinfo", "model name"), runtime.NumCPU(), value("/proc/meminfo", "MemTotal"),
		firstLine("/proc/sys/kernel/osrelease"), firstLine("/proc/loadavg"), runtime.Version())
}

// Peak is the most memory that a process ever held, as the kernel says.
func Peak(pid int) string { return value(fmt.Sprintf("/proc/%d/status", pid), "VmHWM") }

// Resident is the memory that a process holds now, in MiB.
func Resident(pid int) (float64, error) {
	text := value(fmt.Sprintf("/proc/%d/status", pid), "VmRSS")
	kib, err := strconv.ParseFloat(strings.TrimSuffix(text, " kB"), 64)
	if err != nil {
		return 0, fmt.Errorf("reading the memory of process %d: %q", pid, text)
	}
	return kib / 1024, nil
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

// Times are how long something took, each time.
type Times []time.Duration

// String is their percentiles, in milliseconds.
func (t Times) String() string {
	if len(t) == 0 {
		return "never"
	}
	slices.Sort(t)
	at := func(share float64) float64 { return t[int(share*float64(len(t)-1))].Seconds() * 1000 }
	return fmt.Sprintf("p50 %.2f ms, p99 %.2f ms, longest %.2f ms (%d runs)", at(0.5), at(0.99), at(1), len(t))
}

// CPU is the processor time that a process has used, in ticks of 10 ms (proc(5));
// 0 where it is not there.
func CPU(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var ticks time.Duration
	for _, f := range fields[11:13] { // utime, stime
		n, _ := strconv.Atoi(f)
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}
