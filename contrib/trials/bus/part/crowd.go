package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A crowdReport is what many listeners saw.
type crowdReport struct {
	Events int   `json:"events"` // that came, to all of them
	Cut    int   `json:"cut"`    // listeners whose stream ended
	Wrong  int   `json:"wrong"`  // events whose number does not follow the one before
	P50    int64 `json:"p50_us"` // from when it was said until it was read, in microseconds
	P99    int64 `json:"p99_us"`
	Most   int64 `json:"most_us"`
}

// crowd is many listeners to a hub's /events, and some that do not read. When all are
// there it writes a report of nothing; at its end, of what came since.
func crowd(ctx context.Context, o options) error {
	if len(o.hubs) != 1 {
		return fmt.Errorf("crowd listens to one hub, not %d", len(o.hubs))
	}
	address := strings.TrimPrefix(o.hubs[0], "http://")
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var wg, there sync.WaitGroup
	listened := make([]listened, o.clients)
	for i := range o.clients + o.stalled {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		defer context.AfterFunc(ctx, func() { conn.Close() })()
		defer conn.Close()
		if i >= o.clients {
			if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(conn, "GET /events HTTP/1.1\r\nHost: hub\r\n\r\n"); err != nil {
			return err
		}
		if i >= o.clients {
			continue // it does not read
		}
		there.Add(1)
		wg.Go(func() { listened[i].listen(ctx, conn, there.Done) })
	}
	there.Wait()
	if err := report(o.out, crowdReport{}); err != nil {
		return err
	}
	<-ctx.Done()
	stop()
	wg.Wait()
	var r crowdReport
	var times []int64
	for i := range listened {
		r.Events += len(listened[i].times)
		r.Wrong += listened[i].wrong
		if listened[i].cut {
			r.Cut++
		}
		times = append(times, listened[i].times...)
	}
	if slices.Sort(times); len(times) > 0 {
		r.P50, r.P99, r.Most = times[len(times)/2], times[len(times)*99/100], times[len(times)-1]
	}
	return report(o.out, r)
}

func report(path string, r crowdReport) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// listened is what one listener got.
type listened struct {
	times []int64 // microseconds
	last  int64
	wrong int
	cut   bool
}

func (h *listened) listen(ctx context.Context, conn net.Conn, there func()) {
	began := sync.OnceFunc(there)
	defer began()
	lines := bufio.NewReaderSize(conn, 16<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			h.cut = ctx.Err() == nil
			return
		}
		if bytes.HasPrefix(line, []byte("id: ")) {
			began()
		}
		said, seq := numberAt(line, `"nanos":`), numberAt(line, `"seq_id":`)
		if said == 0 {
			continue
		}
		if h.last != 0 && seq != h.last+1 {
			h.wrong++
		}
		h.last = seq
		h.times = append(h.times, time.Since(time.Unix(0, said)).Microseconds())
	}
}

// numberAt is the number behind a name in a line of JSON; 0: it is not there.
func numberAt(line []byte, name string) int64 {
	i := bytes.Index(line, []byte(name))
	if i < 0 {
		return 0
	}
	digits := bytes.TrimLeft(line[i+len(name):], " ")
	end := bytes.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		return 0
	}
	n, err := strconv.ParseInt(string(digits[:end]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
