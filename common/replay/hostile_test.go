package replay

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"busbar/common/backoff"
)

// TestHostileStreams: a bad request is answered with a reason, and ends one
// connection.
func TestHostileStreams(t *testing.T) {
	b := newBook(t, 5)
	s := New(b.source(), nil)
	endpoint := serve(t, s)
	for _, c := range []struct {
		frames []string
		text   string
	}{
		{[]string{"REPLAY/2", "{}"}, "REPLAY/1"},
		{[]string{"hello"}, "not known"},
		{[]string{"REPLAY/1"}, "two frames"},
		{[]string{"REPLAY/1", "{}", "x"}, "two frames"},
		{[]string{"REPLAY/1", "[]"}, "JSON object"},
		{[]string{"REPLAY/1", "null"}, "JSON object"},
		{[]string{"REPLAY/1", `{"publisher":"` + "\xff" + `"}`}, "JSON object"},
		{[]string{"REPLAY/1", `{"from":-1}`}, "from"},
		{[]string{"REPLAY/1", `{"from":1e3}`}, "from"},
		{[]string{"REPLAY/1", `{"from":9007199254740992}`}, "numbers go up to"},
		{[]string{"REPLAY/1", `{"from":5,"to":4}`}, "before it begins"},
		{[]string{"REPLAY/1", `{"from":5,"since":4}`}, "exclude"},
		{[]string{"REPLAY/1", `{"credit":-1}`}, "credit"},
		{[]string{"REPLAY/1", `{"epoch":"` + strings.Repeat("e", 300) + `"}`}, "more than 256"},
	} {
		peer := ask(t, endpoint, c.frames...)
		if got := peer.message(); len(got) != 2 || got[0] != wordEnd || !strings.Contains(got[1], `"why":"refused"`) || !strings.Contains(got[1], c.text) {
			t.Errorf("%.60q is answered with %.300q, want %q", c.frames, got, c.text)
		}
		peer.over()
	}
	for _, bad := range [][]string{{"MORE", `{"credit":0}`}, {"MORE", `{}`}, {"MORE"}, {"REPLAY/1", "{}"}} {
		peer := ask(t, endpoint, "REPLAY/1", `{"credit":0}`)
		peer.message()
		peer.send(bad...)
		if got := peer.message(); got[0] != wordEnd || !strings.Contains(got[1], "refused") {
			t.Errorf("%q in a stream is answered with %q", bad, got)
		}
		peer.over()
	}
	if err := fetchAll(t, &Client{}, endpoint, Range{}, b.bodies(1, 5)); err != nil {
		t.Error(err)
	}
	eventually(t, "all are gone", func() bool { return s.Stats().Peers == 0 })
	if got := s.Stats(); got.Cut["rules"] != 18 {
		t.Errorf("stats %+v", got)
	}
}

// TestWhoGivesNoCredit, and who reads nothing, is cut off, and holds up nobody.
func TestWhoGivesNoCredit(t *testing.T) {
	b := newBook(t, 5)
	b.add(60, 100<<10)
	s := New(b.source(), nil)
	s.limits.stall = 20 * time.Millisecond
	endpoint := serveWithin(t, s, time.Second)
	slow := ask(t, endpoint, "REPLAY/1", `{"credit":1}`)
	deaf := ask(t, endpoint, "REPLAY/1", `{"credit":67108864}`)
	if got := slow.message(); got[0] != wordBegin {
		t.Errorf("first %q", got)
	}
	if got := slow.message(); len(got) != 4 || got[0] != wordPart {
		t.Errorf("then %.100q", got)
	}
	if err := fetchAll(t, &Client{}, endpoint, Range{}, b.bodies(1, 65)); err != nil {
		t.Error(err)
	}
	if got := slow.message(); got[0] != wordEnd || got[1] != `{"why":"slow"}` {
		t.Errorf("at last %q", got)
	}
	slow.over()
	eventually(t, "both are cut off", func() bool {
		st := s.Stats()
		// Where the machine is slow, so may be the client, which then comes again.
		return st.Cut["slow"] >= 1 && st.Cut["write-timeout"] >= 1 && st.Peers == 0
	})
	deaf.over()
}

// TestIdlePeersMakeRoom: whoever comes when all places are taken gets that of one
// who asks nothing; where all are busy, that of a host that holds more.
func TestIdlePeersMakeRoom(t *testing.T) {
	b := newBook(t, 5)
	s := New(b.source(), nil)
	s.limits.peers = 3
	endpoint := serve(t, s)
	for range 3 {
		ask(t, endpoint, "", `{"seq_id":1}`).message()
	}
	// The client comes again until the others have been idle for a while.
	if err := fetchAll(t, &Client{}, endpoint, Range{}, b.bodies(1, 5)); err != nil {
		t.Error(err)
	}
	eventually(t, "one is gone", func() bool { got := s.Stats(); return got.Cut["displaced"] == 1 && got.Peers == 2 })
}

func TestDisplace(t *testing.T) {
	s := New(nil, nil)
	now := time.Now()
	add := func(host string, busy bool, age time.Duration) *peer {
		p := &peer{s: s, host: host, busy: busy, since: now.Add(-age), x: closed(t)}
		s.peers[p] = struct{}{}
		return p
	}
	add("a", true, time.Hour)
	newest := add("a", true, time.Minute)
	add("a", true, 2*time.Hour)
	add("b", true, time.Second)
	young := add("b", false, 0)
	if s.displace("a") || s.displace("b") {
		t.Error("nobody holds more than a share")
	}
	if !s.displace("c") || young.cut != "displaced" {
		t.Error("who has not asked yet should go before who is answered")
	}
	if !s.displace("c") || newest.cut != "displaced" {
		t.Error("the newest of the host that holds most should go")
	}
	old := add("c", false, time.Second)
	if !s.displace("a") || old.cut != "displaced" {
		t.Error("who asks nothing goes first")
	}
}

// TestTooManyRequests are answered, later.
func TestTooManyRequests(t *testing.T) {
	s := New(nil, nil)
	now := time.Now()
	for n := range 250 {
		wait := s.owes("a", now)
		if want := time.Duration(max(0, n-199)) * 10 * time.Millisecond; (wait - want).Abs() > time.Microsecond {
			t.Fatalf("request %d waits %v, want %v", n, wait, want)
		}
	}
	if wait := s.owes("b", now); wait != 0 {
		t.Errorf("another host waits %v", wait)
	}
	if wait := s.owes("a", now.Add(time.Second)); wait != 0 {
		t.Errorf("a second later it waits %v", wait)
	}
	for n := range 3 * maxRates {
		s.owes(fmt.Sprint(n), now)
	}
	if len(s.rates) > maxRates {
		t.Errorf("%d hosts are remembered", len(s.rates))
	}
}

// TestCutConnections: a proxy cuts each connection after some bytes; all messages
// come, once and in order.
func TestCutConnections(t *testing.T) {
	b := newBook(t, 400)
	b.add(3, 300<<10)
	b.add(100, 0)
	s := New(b.source(), nil)
	address := strings.TrimPrefix(serve(t, s), "tcp://")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var cuts atomic.Int64
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			// Enough to go on by a message each time, and now and then for a large one.
			n := cuts.Add(1)
			go cut(from, address, 300+n%7*450+n%25/24*(800<<10))
		}
	}()
	if err := fetchAll(t, quick(t), "tcp://"+l.Addr().String(), Range{}, b.bodies(1, b.n)); err != nil {
		t.Error(err)
	}
	if cuts.Load() < 20 {
		t.Errorf("only %d connections", cuts.Load())
	}
}

// cut passes bytes on until so many have come back.
func cut(from net.Conn, address string, bytes int64) {
	defer from.Close()
	to, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", address)
	if err != nil {
		return
	}
	defer to.Close()
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 1<<10)
	for bytes > 0 {
		n, err := to.Read(buf[:min(int64(len(buf)), bytes)])
		if err != nil {
			return
		}
		if _, err := from.Write(buf[:n]); err != nil {
			return
		}
		bytes -= int64(n)
	}
}

// quick is a client that does not pause for long.
func quick(t *testing.T) *Client {
	return &Client{pauses: backoff.Times{First: time.Millisecond, Most: time.Millisecond}}
}
