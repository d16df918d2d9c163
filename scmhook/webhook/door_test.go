package webhook

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// hall is a server with few places.
func hall(t *testing.T, d *desk, places int) (string, *door) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	in := Listen(l).(*door)
	in.most = places
	s := NewServer(d.handler, slog.New(slog.DiscardHandler))
	s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout = time.Hour, time.Hour, time.Hour // a busy machine is slow
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(in) }()
	t.Cleanup(func() {
		s.Close()
		<-ended
	})
	return "http://" + l.Addr().String(), in
}

// count is how many guests do something.
func (d *door) count(what int32) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for g := range d.inside {
		if g.did.Load() == what {
			n++
		}
	}
	return n
}

// closed reports whether the other side ended a connection.
func closed(t *testing.T, c net.Conn) bool {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	_, err := c.Read(make([]byte, 1))
	ne, ok := err.(net.Error)
	return err != nil && (!ok || !ne.Timeout())
}

// TestPlaces: who never speaks is put out first, then who is silent after a
// request, then who never ends; and somebody else always finds a place.
func TestPlaces(t *testing.T) {
	d := open(t, nil)
	var in *door
	d.url, in = hall(t, d, 6)
	addr := strings.TrimPrefix(d.url, "http://")
	dial := func(text string) net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		return c
	}
	endless := "POST / HTTP/1.1\r\nHost: x\r\nX-GitHub-Event: push\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
	slow := []net.Conn{dial(endless), dial(endless)}
	waiting := dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := waiting.Read(make([]byte, 4096)); err != nil { // 405
		t.Fatal(err)
	}
	for end := time.Now().Add(3 * time.Minute); in.count(speaking) < len(slow); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the server never read what the slow ones say")
		}
	}
	var mute []net.Conn
	for range 12 {
		mute = append(mute, dial(""))
	}
	lab := string(read(t, fixtures+"/gitlab-push.json"))
	http.DefaultClient.CloseIdleConnections()
	for range 20 {
		if status, text := d.post(t, lab, "X-Gitlab-Event", "Push Hook", "X-Gitlab-Token", shared); status != 200 {
			t.Fatalf("beside them: %d %s", status, text)
		}
		http.DefaultClient.CloseIdleConnections()
	}
	open := 0
	for _, c := range mute {
		if !closed(t, c) {
			open++
		}
	}
	if open > 3 {
		t.Errorf("%d that never spoke are left in 6 places", open)
	}
	for _, c := range slow {
		if closed(t, c) {
			t.Error("one that speaks was put out before those that do not")
		}
	}
}

// TestPeers: of two peers, the one that holds more loses a place, and memory.
func TestPeers(t *testing.T) {
	at := func(address string) *guest {
		g := &guest{peer: peer(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address)))}
		g.does(speaking)
		return g
	}
	d := &door{most: 4, inside: map[*guest]bool{}}
	lone := at("192.0.2.1:1") // the oldest, and the only one of its peer
	for _, g := range []*guest{lone, at("[2001:db8::1]:1"), at("[2001:db8::2]:1"), at("[2001:db8::3]:1")} {
		if out, ok := d.enter(g); out != nil || !ok {
			t.Fatal("there were places")
		}
	}
	if out, ok := d.enter(at("198.51.100.7:1")); !ok || out == nil || out == lone || out.peer.Addr().Is4() {
		t.Errorf("put out: %+v", out)
	}
	for g := range d.inside {
		g.does(proved)
	}
	if _, ok := d.enter(at("198.51.100.8:1")); ok {
		t.Error("one that is being answered was put out")
	}

	money := &till{free: 100, purse: map[*purse]bool{}}
	small, big, bigger := money.open(nil, at("192.0.2.1:1")), money.open(nil, at("192.0.2.9:1")), money.open(nil, at("192.0.2.9:2"))
	for p, n := range map[*purse]int64{small: 30, big: 30, bigger: 30} {
		if _, ok := money.pay(p, n); !ok {
			t.Fatal("there was memory")
		}
	}
	if out, ok := money.pay(small, 20); !ok || len(out) != 1 || out[0] != big.from || money.free != 20 {
		t.Errorf("put out: %v, %v; free %d", out, ok, money.free)
	}
	if big.keep() || !small.keep() {
		t.Error("the one that was put out goes on")
	}
	for _, p := range []*purse{small, big, bigger} {
		p.release()
	}
	if money.free != 100 || len(money.purse) != 0 {
		t.Errorf("free at the end: %d", money.free)
	}
}
