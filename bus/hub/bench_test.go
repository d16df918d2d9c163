package hub

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"busbar/common/archive"
)

// BenchmarkListeners has 2,000 clients of /events, and 50 that do not read, while 100
// messages a second come in, one by one. Clients and server are one process.
func BenchmarkListeners(b *testing.B) {
	const clients, stalled, perSecond = 2000, 50, 100
	h := start(b, func(o *serverOptions) { o.Clients, o.ClientsPerPeer = clients+stalled, clients+stalled })
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { conn.Close() })
		if _, err := io.WriteString(conn, "GET /events HTTP/1.1\r\nHost: hub\r\n\r\n"); err != nil {
			b.Fatal(err)
		}
		return conn
	}
	for range stalled {
		dial()
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		said  = map[string]time.Time{}
		delay []time.Duration
	)
	for i := range clients {
		conn := dial()
		wg.Add(1)
		go func() {
			defer wg.Done()
			lines := bufio.NewReaderSize(conn, 4<<10)
			for {
				line, err := lines.ReadSlice('\n')
				if err != nil {
					return
				}
				if i%100 != 0 || !bytes.HasPrefix(line, []byte("data: ")) {
					continue
				}
				_, title, _ := strings.Cut(string(line), `"title":"`)
				title, _, _ = strings.Cut(title, `"`)
				now := time.Now()
				mu.Lock()
				if at, ok := said[title]; ok {
					delay = append(delay, now.Sub(at))
				}
				mu.Unlock()
			}
		}()
	}
	for end := time.Now().Add(3 * time.Minute); h.streams.count() < clients+stalled && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	used := cpu(b)
	tick := time.NewTicker(time.Second / perSecond)
	defer tick.Stop()
	seq := int64(0)
	for b.Loop() {
		<-tick.C
		seq++
		m := message(b, "p", seq)
		mu.Lock()
		said[m.Envelope.Title] = time.Now()
		mu.Unlock()
		if _, err := h.archive.Append(context.Background(), archive.Batch{Messages: []archive.Incoming{m}}); err != nil {
			b.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.Sys)/(1<<20), "MiB-of-both")
	b.ReportMetric(float64((cpu(b)-used).Microseconds())/float64(b.N)/clients, "cpu-µs/delivery")
	b.ReportMetric(float64(h.feed.sent.Load())/b.Elapsed().Seconds(), "deliveries/s")
	mu.Lock()
	defer mu.Unlock()
	if slices.Sort(delay); len(delay) > 0 {
		b.ReportMetric(float64(delay[len(delay)/2].Microseconds())/1000, "p50-ms")
		b.ReportMetric(float64(delay[len(delay)*99/100].Microseconds())/1000, "p99-ms")
	}
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
