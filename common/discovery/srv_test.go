package discovery

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// A zone is a DNS server on 127.0.0.1 that knows one name.
type zone struct {
	t       *testing.T
	address string

	mu      sync.Mutex
	name    string
	records []dnsmessage.SRVResource
	rcode   dnsmessage.RCode
	ttl     uint32
	asked   map[string]int // by network
	mute    bool
	alias   string // the name is a CNAME of this one
	guess   bool   // another answer comes first
}

func serveDNS(t *testing.T) *zone {
	z := &zone{t: t, name: "_fedmsg._tcp.example.org.", asked: map[string]int{}}
	var udp net.PacketConn
	var tcp net.Listener
	var err error
	for range 20 { // the same port for both
		if udp, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if tcp, err = net.Listen("tcp", udp.LocalAddr().String()); err == nil {
			break
		}
		udp.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	z.address = udp.LocalAddr().String()
	var wg sync.WaitGroup
	wg.Go(func() { z.datagrams(udp) })
	wg.Go(func() { z.streams(tcp) })
	t.Cleanup(func() { udp.Close(); tcp.Close(); wg.Wait() })
	return z
}

func (z *zone) datagrams(conn net.PacketConn) {
	text := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFrom(text)
		if err != nil {
			return
		}
		for _, reply := range z.answer(text[:n], "udp") {
			if _, err := conn.WriteTo(reply, from); err != nil && !errors.Is(err, net.ErrClosed) {
				z.t.Error(err)
			}
		}
	}
}

func (z *zone) streams(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		var length [2]byte
		io.ReadFull(conn, length[:])
		text := make([]byte, binary.BigEndian.Uint16(length[:]))
		io.ReadFull(conn, text)
		for _, reply := range z.answer(text, "tcp") {
			conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
		}
		conn.Close()
	}
}

func (z *zone) answer(text []byte, network string) [][]byte {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.asked[network]++
	var m dnsmessage.Message
	if err := m.Unpack(text); err != nil || z.mute {
		return nil
	}
	m.Response, m.RCode, m.Additionals = true, z.rcode, nil
	q := m.Questions[0]
	if !strings.EqualFold(q.Name.String(), z.name) {
		m.RCode = dnsmessage.RCodeNameError
	}
	if m.RCode == dnsmessage.RCodeSuccess && q.Type == dnsmessage.TypeSRV {
		owner := q.Name
		if z.alias != "" {
			alias := dnsmessage.MustNewName(z.alias)
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: owner, Class: q.Class, TTL: z.ttl}, Body: &dnsmessage.CNAMEResource{CNAME: alias}})
			owner = alias
		}
		for _, r := range z.records {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: owner, Class: q.Class, TTL: z.ttl}, Body: &r})
		}
	}
	reply, err := m.Pack()
	if err != nil {
		z.t.Error(err)
	}
	if network == "udp" && len(reply) > udpSize {
		m.Truncated, m.Answers = true, nil
		reply, _ = m.Pack()
	}
	if z.guess {
		m.ID++
		m.Answers = nil
		wrong, _ := m.Pack()
		return [][]byte{{1, 2, 3}, wrong, reply}
	}
	return [][]byte{reply}
}

func (z *zone) set(rcode dnsmessage.RCode, hosts ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.rcode, z.records = rcode, nil
	for i, host := range hosts {
		z.records = append(z.records, dnsmessage.SRVResource{Priority: uint16(i), Weight: 5, Port: 9940, Target: dnsmessage.MustNewName(host)})
	}
}

// TestSRV: the answers of a real server, as they change; what it cannot answer
// changes nothing.
func TestSRV(t *testing.T) {
	z := serveDNS(t)
	z.set(dnsmessage.RCodeSuccess, "b.example.org.", "a.example.org.")
	const a, b = "tcp://a.example.org:9940", "tcp://b.example.org:9940"
	f := start(t, []string{z.address}, "srv:example.org")
	await(t, f, 0, Found, a, b)
	if e := f.Endpoints()[0]; e.Name != "example.org" {
		t.Errorf("%+v", e)
	}
	// The standard library sees the same.
	std := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, z.address)
	}}
	_, list, err := std.LookupSRV(context.Background(), "fedmsg", "tcp", "example.org")
	if err != nil || len(list) != 2 || list[0].Target != "b.example.org." || list[1].Port != 9940 {
		t.Errorf("the standard library reads %v, %v", list, err)
	}
	z.set(dnsmessage.RCodeSuccess, "a.example.org.")
	await(t, f, 0, Found, a)
	z.set(dnsmessage.RCodeServerFailure)
	if s := await(t, f, 0, Unreadable, a); !strings.Contains(s.Error, "ServerFailure") || !strings.Contains(s.Error, "_fedmsg._tcp.example.org") {
		t.Errorf("%+v", s)
	}
	z.set(dnsmessage.RCodeSuccess)
	await(t, f, 0, Empty)
	z.set(dnsmessage.RCodeSuccess, "a.example.org.", "b.example.org.")
	await(t, f, 0, Found, a, b)
	z.set(dnsmessage.RCodeNameError)
	await(t, f, 0, Absent)
	z.set(dnsmessage.RCodeSuccess, ".")
	await(t, f, 0, Empty)
	z.mu.Lock()
	z.alias, z.guess = "elsewhere.example.net.", true
	z.mu.Unlock()
	z.set(dnsmessage.RCodeSuccess, "b.example.org.")
	await(t, f, 0, Found, b)
}

// TestLongAnswer: what does not fit into a datagram is asked for by TCP, and the
// next server is asked where one is mute.
func TestLongAnswer(t *testing.T) {
	mute, z := serveDNS(t), serveDNS(t)
	mute.mu.Lock()
	mute.mute = true
	mute.mu.Unlock()
	var hosts, want []string
	for i := range 60 {
		host := string([]byte{'a' + byte(i/10), '0' + byte(i%10)}) + ".publishers.example.org"
		hosts, want = append(hosts, host+"."), append(want, "tcp://"+host+":9940")
	}
	z.set(dnsmessage.RCodeSuccess, hosts...)
	f := start(t, []string{mute.address, z.address}, "srv:_fedmsg._tcp.example.org.")
	await(t, f, 0, Found, want...)
	for _, z := range []*zone{mute, z} {
		z.mu.Lock()
		defer z.mu.Unlock()
	}
	if z.asked["tcp"] == 0 || mute.asked["udp"] == 0 {
		t.Errorf("asked: %v and %v", mute.asked, z.asked)
	}
}

// TestTTL: an answer is asked for again when it says so, within bounds.
func TestTTL(t *testing.T) {
	z := serveDNS(t)
	z.set(dnsmessage.RCodeSuccess, "a.example.org.")
	for ttl, want := range map[uint32]time.Duration{0: leastTTL, 5: leastTTL, 300: 5 * time.Minute, 1 << 30: mostTTL} {
		z.mu.Lock()
		z.ttl = ttl
		z.mu.Unlock()
		s, err := newSRV("example.org", Options{Servers: []string{z.address}})
		if err != nil {
			t.Fatal(err)
		}
		if r := s.look(context.Background()); r.state != Found || r.again != want {
			t.Errorf("TTL %d: %s, again after %s, not %s", ttl, r.state, r.again, want)
		}
	}
}

func TestNameservers(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string][]string{
		"": {"127.0.0.1:53"},
		"# x\nsearch example.org\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n": {"192.0.2.1:53", "[2001:db8::1]:53"},
	} {
		path := filepath.Join(dir, "resolv.conf")
		put(t, path, text)
		if got, err := nameservers(path); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if got, err := nameservers(filepath.Join(dir, "absent")); err != nil || len(got) != 1 {
		t.Errorf("absent: %v, %v", got, err)
	}
	if _, err := nameservers(dir); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory: %v", err)
	}
}

// FuzzAnswer: whatever a server says, there is an answer or an error.
func FuzzAnswer(f *testing.F) {
	name := dnsmessage.MustNewName("_fedmsg._tcp.example.org.")
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: 7, Response: true}, Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeSRV, Class: dnsmessage.ClassINET}}}
	m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: 60}, Body: &dnsmessage.SRVResource{Port: 9940, Target: name}}}
	text, err := m.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:len(text)-3])
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := readAnswer(text, 7, name)
		if err != nil && (a.endpoints != nil || a.absent) {
			t.Errorf("%+v beside %v", a, err)
		}
	})
}
