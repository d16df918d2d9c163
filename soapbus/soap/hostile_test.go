package soap

import (
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"busbar/fixtures/cases"
)

// server answers as f says, over a real connection.
func server(t testing.TB, f http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

func client(t testing.TB, o Options) *Client {
	t.Helper()
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// peak runs f and returns by how much the memory in use grew at most meanwhile.
func peak(f func()) (bytes uint64, took time.Duration) {
	runtime.GC()
	before := heap()
	most := before
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			most = max(most, heap())
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	began := time.Now()
	f()
	took = time.Since(began)
	close(stop)
	<-stopped
	return most - before, took
}

func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// endless writes text until the other side has enough, or n bytes.
func endless(w io.Writer, text string, n int) {
	block := strings.Repeat(text, 1+(64<<10)/len(text))
	for n > 0 {
		if _, err := io.WriteString(w, block); err != nil {
			return
		}
		n -= len(block)
	}
}

// The figures that count are those of the program's own limit: -limit 32.
var limit = flag.Int("limit", cases.Of(2, 8), "what hostile replies may have at most, in MiB")

// TestHostileReplies: whatever a server sends, memory and time are bounded, and
// the error says what it was. The memory is that of both ends.
func TestHostileReplies(t *testing.T) {
	head, _, _ := strings.Cut(response("SPLIT"), "SPLIT")
	const gb = 1 << 30
	for _, h := range []struct {
		name string
		send func(w http.ResponseWriter)
		want error
	}{
		{"1 GB of text", func(w http.ResponseWriter) { io.WriteString(w, head+"<a>"); endless(w, "tea ", gb) }, ErrTooLarge},
		{"1 GB of array", func(w http.ResponseWriter) {
			io.WriteString(w, head+"<a>")
			endless(w, `<item xsi:type="xsd:int">700001</item>`, gb)
		}, ErrTooLarge},
		{"1 GB of one tag", func(w http.ResponseWriter) { io.WriteString(w, head+"<a "); endless(w, `b="c" `, gb) }, ErrTooLarge},
		{"1 GB of comment", func(w http.ResponseWriter) { io.WriteString(w, head+"<!--"); endless(w, "tea ", gb) }, ErrTooLarge},
		{"1,000,000 nested elements", func(w http.ResponseWriter) { io.WriteString(w, head); endless(w, "<a>", 3_000_000) }, ErrTooLarge},
		{"10,000,000 siblings", func(w http.ResponseWriter) { io.WriteString(w, head); endless(w, "<a/>", 40_000_000) }, ErrTooLarge},
		{"namespaces in each tag", func(w http.ResponseWriter) {
			io.WriteString(w, head)
			endless(w, "<a "+strings.Repeat(`xmlns:a="b" `, 1000)+">", 100<<20)
		}, ErrTooLarge},
		{"a billion laughs", func(w http.ResponseWriter) { io.WriteString(w, laughs(9)+head+"&l9;") }, ErrRefused},
		{"an external entity", func(w http.ResponseWriter) {
			io.WriteString(w, `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>`+head+"&x;")
		}, ErrRefused},
		{"a billion references", func(w http.ResponseWriter) { io.WriteString(w, references(30)) }, ErrTooLarge},
		{"long texts by reference", func(w http.ResponseWriter) {
			io.WriteString(w, envelope("<r>"+strings.Repeat(`<a href="#x"/>`, 1000)+`</r><m id="x">`+strings.Repeat("tea ", 1<<16)+`</m>`))
		}, ErrTooLarge},
		{"a gzip bomb", func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, head+"<a>")
			endless(z, " ", 100<<20)
			z.Close()
		}, ErrTooLarge},
		{"cut by the connection", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "5000")
			io.WriteString(w, head+"<a>tea")
		}, ErrCut},
		{"cut by its length", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "300")
			io.WriteString(w, response("tea")[:300])
		}, ErrCut},
		{"nothing", func(w http.ResponseWriter) {}, ErrCut},
	} {
		url := server(t, func(w http.ResponseWriter, _ *http.Request) { h.send(w) })
		// No time-out: a busy machine takes long.
		c := client(t, Options{URL: url, Timeout: time.Hour, Limits: Limits{Bytes: int64(*limit) << 20}})
		var err error
		bytes, took := peak(func() { _, err = c.Call(t.Context(), "Tea", "tea") })
		t.Logf("%-26s %4d MiB  %6s  %v", h.name, bytes>>20, took.Round(time.Millisecond), err)
		if !errors.Is(err, h.want) {
			t.Errorf("%s: %v, want %v", h.name, err, h.want)
		}
		if bytes > 512<<20 {
			t.Errorf("%s: it took %d MiB", h.name, bytes>>20)
		}
	}
}

func laughs(n int) string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE a [<!ENTITY l0 "ha">`)
	for i := range n {
		fmt.Fprintf(&b, `<!ENTITY l%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&l%d;", i), 10))
	}
	return b.String() + "]>"
}

// references are laughs by href: each element names the one before it twice.
func references(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<r><a href="#x%d"/></r><m id="x0">ha</m>`, n)
	for i := range n {
		fmt.Fprintf(&b, `<m id="x%d"><a href="#x%d"/><b href="#x%d"/></m>`, i+1, i, i)
	}
	return envelope(b.String())
}

// TestEndlessSlowReply: a byte now and then keeps nobody waiting.
func TestEndlessSlowReply(t *testing.T) {
	url := server(t, func(w http.ResponseWriter, r *http.Request) {
		text := response(strings.Repeat("tea ", 1<<20))
		for i := range text {
			if _, err := io.WriteString(w, text[i:i+1]); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	c := client(t, Options{URL: url, Timeout: 300 * time.Millisecond})
	began := time.Now()
	_, err := c.Call(t.Context(), "Tea", "tea")
	t.Logf("after %s: %v", time.Since(began).Round(time.Millisecond), err)
	if !errors.Is(err, ErrSlow) {
		t.Errorf("want %v, got %v", ErrSlow, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := client(t, Options{URL: url}).Call(ctx, "Tea", "tea"); !errors.Is(err, context.Canceled) || errors.Is(err, ErrSlow) {
		t.Errorf("told to stop: %v", err)
	}
}
