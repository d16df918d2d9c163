package hub

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"busbar/bus/bustest"
	"busbar/common/archive"
	"busbar/common/programtest"
)

// TestEvents: a listener gets what it wants, from now on or since a time.
func TestEvents(t *testing.T) {
	h := start(t, nil)
	h.append(t, "p", 1, 10)
	for query, want := range map[string][]string{
		"":           {"p11", "p12", "p13", "p14"},
		"?topic=dak": {"p11", "p13"},
		"?topic=dak&topic=org.debian.dev.debbugs.*": {"p11", "p12", "p13", "p14"},
		"?package=package-0":                        {"p12"},
		"?package=package-0&bug=8":                  {},
		"?bug=%237":                                 {"p12", "p14"},
		"?person=ORTEGA&topic=dak.source.accept":    {"p11", "p13"},
		fmt.Sprintf("?since=%d", now+9):             {"p9", "p10", "p11", "p12", "p13", "p14"},
		"?q=topic:dak+-package:package-1":           {"p11"},
		"?q=since:1790000009+says+11":               {"p11"},
		"?since=2026-09-21&topic=dak":               {"p1", "p3", "p5", "p7", "p9", "p11", "p13"},
	} {
		t.Run(query, func(t *testing.T) {
			h := start(t, nil)
			h.append(t, "p", 1, 10)
			c := h.listen(t, query, "")
			h.append(t, "p", 11, 14)
			h.append(t, "end", 1, 1)
			if query == "" {
				want = append(want, "end1")
			}
			for _, w := range want {
				if got := c.said(); got != w {
					t.Fatalf("%s came, want %s", got, w)
				}
			}
		})
	}
	for _, query := range []string{"?since=soon", "?last=x", "?last=a:b", "?last=a:b:-1", "?q=since:soon", "?last=a%25zz:b:1", "?topic=" + strings.Repeat("&topic=", 70)} {
		if code, _, _ := get(t, h.url+"/events"+query); code != http.StatusBadRequest {
			t.Errorf("%s is answered with %d", query, code)
		}
	}
}

// TestResume cuts a client at random, also from one hub to another which got the
// messages in another order: it has each once, those of each publisher in order.
func TestResume(t *testing.T) {
	hubs := []*testHub{start(t, nil), start(t, nil)}
	const last = 150
	publishers := []string{"p", "q", "r"}
	appended := make(chan struct{})
	go func() {
		defer close(appended)
		r := rand.New(rand.NewPCG(1, 2))
		at := [2][3]int64{}
		for left := true; left; {
			left = false
			for hub := range hubs {
				for i, p := range publishers {
					if to := min(last, at[hub][i]+r.Int64N(4)); to > at[hub][i] {
						hubs[hub].append(t, p, at[hub][i]+1, to)
						at[hub][i] = to
					}
					left = left || at[hub][i] < last
				}
			}
		}
	}()
	r, got := rand.New(rand.NewPCG(3, 4)), map[string][]string{}
	id, total, cuts, unknown := "p:e1:0", 0, 0, 0
	for total < 3*last {
		c := hubs[r.IntN(2)].listen(t, "", id)
		for n := r.IntN(12); n >= 0 && total < 3*last; n-- {
			s := c.said()
			if strings.HasPrefix(s, "gap ") && strings.Contains(s, "does not know") {
				unknown++ // this hub has nothing of a publisher yet
				continue
			}
			got[s[:1]] = append(got[s[:1]], s[1:])
			total, id = total+1, c.id
		}
		c.close()
		cuts++
	}
	<-appended
	var want []string
	for i := range last {
		want = append(want, fmt.Sprint(i+1))
	}
	for _, p := range publishers {
		if diff := cmp.Diff(want, got[p]); diff != "" {
			t.Errorf("of %s came: %s", p, diff)
		}
	}
	t.Logf("%d messages over %d connections: %d times a hub knew nothing yet", total, cuts, unknown)
}

// TestGaps: what is gone is named, and nothing else is.
func TestGaps(t *testing.T) {
	a, err := archive.Open(context.Background(), archive.Options{
		Path: filepath.Join(t.TempDir(), "archive.db"), Retention: archive.Retention{Age: time.Second}, Now: func() time.Time { return time.Unix(now+21, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	h := startOn(t, a, nil)
	h.append(t, "p", 1, 30)
	c := h.listen(t, "", "p:e1:28")
	own := sequence{arrivals, a.Epoch()}
	check := func(c *sse, want ...string) {
		t.Helper()
		for _, w := range want {
			if got := c.said(); got != w {
				t.Errorf("%s came, want %s", got, w)
			}
		}
	}
	check(c, "p29", "p30")
	id, err := parseVector(c.id)
	if err != nil || id[own].n != 30 || id[sequence{"p", "e1"}].n != 30 {
		t.Errorf("the position is %s (%v)", c.id, err)
	}
	gap := archive.Gap{Publisher: "p", Epoch: "e1", First: 31, Last: 33, Reason: "lost", Time: time.Unix(now, 0)}
	if _, err := a.Append(context.Background(), archive.Batch{Gaps: []archive.Gap{gap}}); err != nil {
		t.Fatal(err)
	}
	const lost = `gap {"publisher":"p","epoch":"e1","first":31,"last":33,"reason":"lost"}`
	check(c, lost)
	h.append(t, "p", 34, 34)
	check(c, "p34")
	check(h.listen(t, "?package=none", "p:e1:30"), lost) // gaps are for all
	if _, err := a.Prune(context.Background()); err != nil {
		t.Fatal(err)
	}
	check(h.listen(t, "", "p:e1:7"), `gap {"publisher":"p","epoch":"e1","first":8,"last":19,"reason":"retention of this hub dropped it"}`, "p20")
	check(h.listen(t, "", fmt.Sprintf("*:%s:7,p:e1:7", a.Epoch())), `gap {"publisher":"p","epoch":"e1","first":8,"last":19,"reason":"retention of this hub dropped it"}`, "p20")
	check(h.listen(t, "", "x:e9:7,p:e1:33"), `gap {"publisher":"x","epoch":"e9","reason":"this hub does not know this sequence"}`, "p34")
	check(h.listen(t, "?last="+url.QueryEscape("p:e1:33"), ""), "p34")
}

// TestWithoutNumbers: at the same hub, messages of plain publishers are resumed
// exactly, too.
func TestWithoutNumbers(t *testing.T) {
	h := start(t, nil)
	c := h.listen(t, "", "")
	for i := range int64(20) {
		h.append(t, "", i+1, i+1)
		if got := c.said(); got != fmt.Sprint(" says ", i+1) && got != fmt.Sprint("", i+1) {
			t.Fatalf("%q came, want number %d", got, i+1)
		}
		c.close()
		c = h.listen(t, "", c.id)
	}
}

// TestFalseArrivals: a publisher that takes the name and epoch of the archive's own
// count spoils nobody's position.
func TestFalseArrivals(t *testing.T) {
	h := start(t, nil)
	c := h.listen(t, "", "")
	m := message(t, "p", 1_000_001)
	m.Envelope.Publisher, m.Envelope.Epoch = arrivals, h.archive.Epoch()
	if _, err := h.archive.Append(context.Background(), archive.Batch{Messages: []archive.Incoming{m}}); err != nil {
		t.Fatal(err)
	}
	if got, want := c.said(), "p1000001"; got != want || c.id != "*:"+h.archive.Epoch()+":1" {
		t.Errorf("%s came with the position %s", got, c.id)
	}
	c.close()
	h.append(t, "", 2, 2)
	c = h.listen(t, "", c.id)
	if got := c.said(); got != " says 2" && got != "2" {
		t.Errorf("%s came", got)
	}
}

// TestStalled: clients that do not read are cut, and others do not notice.
func TestStalled(t *testing.T) {
	h := start(t, func(o *serverOptions) { o.Patience = time.Second })
	const stalled = 20
	for range stalled {
		conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET /events HTTP/1.1\r\nHost: hub\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	c := h.listen(t, "", "")
	for end := time.Now().Add(programtest.Patience); h.streams.count() < stalled+1 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	read := make(chan int64)
	go func() {
		defer close(read)
		for {
			if _, ok := c.next(); !ok {
				return
			}
			read <- 1
		}
	}()
	var seq, got int64
	for end := time.Now().Add(programtest.Patience); h.streams.count() > 1; {
		if time.Now().After(end) {
			t.Fatalf("%d stalled clients are still there", h.streams.count()-1)
		}
		h.append(t, "p", seq+1, seq+100)
		seq += 100
		for ; got < seq; got++ {
			if <-read == 0 {
				t.Fatalf("who reads was cut after %d of %d messages", got, seq)
			}
		}
	}
}

// TestLimits: beyond its share a peer is told to come again.
func TestLimits(t *testing.T) {
	h := start(t, func(o *serverOptions) { o.ClientsPerPeer = 3 })
	var clients []*sse
	for range 3 {
		clients = append(clients, h.listen(t, "", ""))
	}
	code, header, _ := get(t, h.url+"/events")
	if code != http.StatusTooManyRequests || header.Get("Retry-After") == "" {
		t.Errorf("the fourth client is answered with %d, %v", code, header)
	}
	clients[0].close()
	for end := time.Now().Add(programtest.Patience); h.streams.count() > 2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a client that left still holds its place")
		}
	}
	h.listen(t, "", "")
	l := newLimit(2, 2)
	one, _ := l.acquire("a")
	_, ok := l.acquire("b")
	if _, third := l.acquire("c"); !ok || third {
		t.Error("the limit of all does not hold")
	}
	if one(); l.count() != 1 {
		t.Error("a place was not given back")
	}
	for address, want := range map[string]string{
		"192.0.2.1:80": "192.0.2.1", "[::ffff:192.0.2.1]:80": "192.0.2.1", "[2001:db8:1:2:3::4]:80": "2001:db8:1:2::/64", "[fe80::1%eth0]:80": "fe80::/64", "odd": "odd",
	} {
		if got := peerOf(&http.Request{RemoteAddr: address}); got != want {
			t.Errorf("%s is %s, want %s", address, got, want)
		}
	}
}

// TestLease: a client is sent away after its lease, and its position is whole.
func TestLease(t *testing.T) {
	h := start(t, func(o *serverOptions) { o.Lease = 300 * time.Millisecond })
	h.append(t, "p", 1, 2)
	// On a busy machine a lease may end before all was sent: the client comes again.
	var got []string
	last := "*:" + h.archive.Epoch() + ":0"
	for end := time.Now().Add(programtest.Patience); len(got) < 2 && time.Now().Before(end); {
		c := h.listen(t, "", last)
		for e, ok := c.next(); ok; e, ok = c.next() { // until it is sent away
			got, last = append(got, c.tells(e)), e.id
		}
	}
	if diff := cmp.Diff([]string{"p1", "p2"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestMethods(t *testing.T) {
	h := start(t, nil)
	for method, want := range map[string]int{http.MethodPost: 405, http.MethodOptions: 204, http.MethodHead: 200, http.MethodDelete: 405} {
		for _, path := range []string{"/raw", "/events", "/id/?id=x", "/nothing"} {
			req, err := http.NewRequest(method, h.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			expected := want
			if path == "/nothing" || path == "/id/?id=x" && method == http.MethodHead {
				expected = 404
			}
			if resp.StatusCode != expected {
				t.Errorf("%s %s: %d, want %d", method, path, resp.StatusCode, expected)
			}
		}
	}
}

// listener is an EventSource in a few lines: it prints each event's number, and
// comes back with its position when it was cut.
const eventSource = `
import json, sys, urllib.request
url, count, last = sys.argv[1], int(sys.argv[2]), "p:e1:0"
while count:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Last-Event-ID": last})) as stream:
        data, left = "", 7
        for line in stream:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "id": last = value
            elif field == "data": data += value
            elif field == "" and data:
                print(json.loads(data)["seq_id"], flush=True)
                data, count, left = "", count - 1, left - 1
                if not count or not left: break
`

// TestPythonListens reads /events with what Python has, cut after every 7 events.
func TestPythonListens(t *testing.T) {
	h := start(t, nil)
	h.append(t, "p", 1, 20)
	_, lines := bustest.Background(t, bustest.Python, "-c", eventSource, h.url+"/events", "40")
	var got, want []string
	for lines.Scan() {
		if got = append(got, lines.Text()); len(got) == 20 {
			h.append(t, "p", 21, 40)
		}
	}
	for i := range 40 {
		want = append(want, fmt.Sprint(i+1))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v came", got)
	}
}

var marks = cmp.AllowUnexported(mark{})

func TestVector(t *testing.T) {
	v := vector{{"p q", "e:1,2"}: {7, "0123abcd", now}, {arrivals, "x"}: {n: 9}, {"å", "e"}: {n: 0}, {"q", "e"}: {n: 3, time: 1}}
	got, err := parseVector(v.String())
	if diff := cmp.Diff(v, got, marks); err != nil || diff != "" || strings.Count(v.String(), ",") != 3 {
		t.Errorf("%s: %v, %s", v, err, diff)
	}
	long, list := vector{}, []archive.Sequence{}
	for i := range 100 {
		epoch := fmt.Sprintf("%08d-1111-2222-3333-444444444444", i)
		long[sequence{fmt.Sprint("publisher", i), epoch}] = mark{n: int64(i)}
		list = append(list, archive.Sequence{Publisher: fmt.Sprint("publisher", i), Epoch: epoch})
	}
	got, err = parseVector(long.String())
	if diff := cmp.Diff(long, got.resolve(list), marks); err != nil || diff != "" || len(long.String()) > maxVector {
		t.Errorf("of %d bytes: %v, %s", len(long.String()), err, diff)
	}
}

func FuzzVector(f *testing.F) {
	for _, seed := range []string{"", "a:b:1", "*:x:9,p:e:2", "%zz:b:1", "a:b:99999999999999999999", ",,", "::", "a:b:1:0123abcd:zz", "a:b:1::t5x2k1", "a:b:1:xyz:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseVector(text)
		if err != nil {
			return
		}
		again, err := parseVector(v.text(1 << 20))
		if err != nil || cmp.Diff(v, again, marks) != "" {
			t.Fatalf("%q is %v, and then %v (%v)", text, v, again, err)
		}
	})
}

func FuzzArguments(f *testing.F) {
	for _, seed := range []string{"", "page=2&rows_per_page=7", "start=1&end=2&delta=3", "q=a:b&contains=x", "delta=NaN", "start=1e300", "callback=%24a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		a, err := parseArguments(values, time.Unix(now, 0))
		if err != nil {
			return
		}
		if _, err := a.query("org.debian"); err == nil && (a.Page < 1 || a.RowsPerPage < 1 || a.RowsPerPage > maxRows) {
			t.Fatalf("%q: %+v", text, a)
		}
	})
}
