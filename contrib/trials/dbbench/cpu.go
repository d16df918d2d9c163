package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// ticks is how many a second has in /proc, on every Linux.
const ticks = 100

// stat reads fields of /proc/PID/stat, counted from 1 as in proc(5), and adds
// them up, in seconds.
func stat(pid int, fields ...int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name, the second field, may hold anything.
	_, rest, ok := strings.Cut(string(text), ") ")
	if !ok {
		return 0, fmt.Errorf("reading the times of process %d: %q", pid, text)
	}
	parts := strings.Fields(rest)
	sum := 0.0
	for _, f := range fields {
		n, err := strconv.ParseFloat(parts[f-3], 64)
		if err != nil {
			return 0, fmt.Errorf("reading the times of process %d: %w", pid, err)
		}
		sum += n
	}
	return sum / ticks, nil
}

// ended is the processor time of the server's processes that have ended.
func (b *bench) ended() (float64, error) { return stat(b.server.PID(), 16, 17) }

// working is the processor time of the server's processes that work for dbpoll.
func (d *daemon) working(ctx context.Context) (float64, error) {
	out, err := d.b.server.SQL(ctx, "postgres", "postgres", "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'busbar%'")
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for text := range strings.FieldsSeq(out) {
		pid, err := strconv.Atoi(text)
		if err != nil {
			return 0, err
		}
		cpu, err := stat(pid, 14, 15)
		if errors.Is(err, os.ErrNotExist) {
			continue // it has ended since
		}
		if err != nil {
			return 0, err
		}
		sum += cpu
	}
	return sum, nil
}

// rss is the most memory that an ended process had, in MiB.
func rss(s *os.ProcessState) float64 {
	if u, ok := s.SysUsage().(*syscall.Rusage); ok {
		return float64(u.Maxrss) / 1024
	}
	return 0
}
