package guard

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-zeromq/zmq4"
	"github.com/google/go-cmp/cmp"
)

func long(flags byte, size uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{flags | flagLong}, size)
}

func TestReadFrame(t *testing.T) {
	for _, c := range []struct {
		name   string
		in     []byte
		limit  int
		reason string // of the fault; "" when the frame is good
	}{
		{"short", appendFrame(nil, 0, []byte("topic")), 100, ""},
		{"empty", appendFrame(nil, flagMore, nil), 2, ""},
		{"long", appendFrame(nil, 0, make([]byte, 300)), 309, ""},
		{"long form of a short one", append(long(0, 1), 'x'), 100, ""},
		{"one byte too many", appendFrame(nil, 0, make([]byte, 300)), 308, "too-large"},
		{"2^40 bytes", long(0, 1<<40), 16 << 20, "too-large"},
		{"2^63-1 bytes", long(0, 1<<63-1), 16 << 20, "too-large"},
		{"2^64-1 bytes", long(0, 1<<64-1), 16 << 20, "too-large"},
		{"reserved flag", []byte{0x08, 0}, 100, "bad-frame"},
		{"command of several frames", []byte{flagCommand | flagMore, 0}, 100, "bad-frame"},
		{"cut off", []byte{0, 5, 'a'}, 100, "peer"},
		{"cut header", long(0, 5)[:4], 100, "peer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			buf, _, err := readFrame(bufio.NewReader(bytes.NewReader(c.in)), nil, c.limit)
			if c.reason == "" {
				if err != nil || !bytes.Equal(buf, c.in) {
					t.Fatalf("got %d bytes, %v", len(buf), err)
				}
				return
			}
			if err == nil || reasonOf(err) != c.reason {
				t.Fatalf("got %v, want the reason %q", err, c.reason)
			}
		})
	}
}

func property(name, value string) string {
	b := append([]byte{byte(len(name))}, name...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return string(append(b, value...))
}

// badReadys are READY data that must be refused.
func badReadys() map[string]string {
	many := ""
	for i := range maxProperties + 1 {
		many += property("x-"+string(rune('a'+i%26))+strings.Repeat("y", i), "")
	}
	return map[string]string{
		"no properties":       "",
		"cut in the name":     "\x0bSocket",
		"cut in the length":   "\x0bSocket-Type\x00\x00",
		"cut in the value":    "\x0bSocket-Type\x00\x00\x00\x09SUB",
		"value of 4 GiB":      "\x0bSocket-Type\xff\xff\xff\xffSUB",
		"empty name":          "\x00\x00\x00\x00\x03SUB",
		"name not ASCII":      property("Socket-Typ\xe9", "SUB"),
		"twice":               property("Socket-Type", "SUB") + property("socket-type", "PUB"),
		"long identity":       property("Identity", strings.Repeat("i", 256)) + property("Socket-Type", "SUB"),
		"too many properties": many + property("Socket-Type", "SUB"),
		"no socket type":      property("Identity", "x"),
	}
}

func TestParseReady(t *testing.T) {
	for name, data := range badReadys() {
		if kind, err := parseReady([]byte(data)); err == nil {
			t.Errorf("%s: taken for a %q", name, kind)
		} else if reasonOf(err) != "ready" {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := property("Identity", "") + property("SOCKET-TYPE", "SUB") + property("X-Other", "any\x00thing")
	if kind, err := parseReady([]byte(good)); err != nil || kind != zmq4.Sub {
		t.Errorf("got %q, %v", kind, err)
	}
}

func TestGreeting(t *testing.T) {
	if err := checkGreeting(greeting(zmq4.Pub)); err != nil {
		t.Error(err)
	}
	for reason, change := range map[string]func(g []byte){
		"greeting":  func(g []byte) { copy(g, "GET / HTTP/1.1") },
		"version":   func(g []byte) { g[10] = 1 },
		"mechanism": func(g []byte) { copy(g[12:], "CURVE") },
	} {
		g := greeting(zmq4.Sub)
		change(g)
		if err := checkGreeting(g); err == nil || reasonOf(err) != reason {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// TestCutter cuts the same bytes at every place.
func TestCutter(t *testing.T) {
	message := func(frames ...string) (b []byte) {
		for i, f := range frames {
			flags := byte(flagMore)
			if i == len(frames)-1 {
				flags = 0
			}
			b = appendFrame(b, flags, []byte(f))
		}
		return b
	}
	want := [][]byte{message("a", strings.Repeat("b", 300)), message(""), message("x", "", "z")}
	stream := append(greeting(zmq4.Pub), ready(zmq4.Pub)...)
	for _, m := range want {
		stream = append(stream, m...)
	}
	for step := 1; step <= len(stream); step++ {
		var k cutter
		var got [][]byte
		for rest := stream; len(rest) > 0; {
			n := min(step, len(rest))
			k.feed(rest[:n], func(m []byte) { got = append(got, bytes.Clone(m)) })
			rest = rest[n:]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("in steps of %d: %s", step, diff)
		}
	}
	if n := wholeMessages(append(bytes.Join(want, nil), 1, 200)); n != len(want) {
		t.Errorf("counted %d messages of %d", n, len(want))
	}
}

func TestParseEndpoint(t *testing.T) {
	for in, want := range map[string]string{
		"tcp://*:9940": "tcp://*:9940", "tcp://*:*": "tcp://*:0", "tcp://[::1]:5": "tcp://[::1]:5", "tcp://bus.example.org:1": "tcp://bus.example.org:1",
	} {
		if e, err := ParseEndpoint(in); err != nil || e.String() != want {
			t.Errorf("%q became %q, %v", in, e, err)
		}
	}
}

func FuzzReady(f *testing.F) {
	for _, data := range badReadys() {
		f.Add([]byte(data))
	}
	f.Add(ready(zmq4.Sub)[8:])
	f.Fuzz(func(t *testing.T, data []byte) {
		kind, err := parseReady(data)
		if err == nil && kind == "" {
			t.Fatal("taken without a socket type")
		}
		// What is taken must be harmless to zmq4's own parser.
		if err == nil {
			md := zmq4.Metadata{}
			if err := md.UnmarshalZMTP(ready(kind)[8:]); err != nil && len(kind) < 200 {
				t.Fatal(err)
			}
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add(appendFrame(nil, flagMore, []byte("topic")))
	f.Add(append(long(0, 1<<40), "xx"...))
	f.Add(appendFrame(appendFrame(nil, 0, make([]byte, 300)), flagCommand, []byte("\x04PING\x00\x00")))
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 12
		r := bufio.NewReader(bytes.NewReader(data))
		var all []byte
		for {
			buf, h, err := readFrame(r, nil, limit)
			if len(buf) > limit {
				t.Fatalf("%d bytes of at most %d", len(buf), limit)
			}
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && reasonOf(err) == "peer" {
					t.Fatalf("an error without a reason: %v", err)
				}
				break
			}
			if h.command() {
				if name, _, err := parseCommand(buf[h.length:]); err == nil && name == "" {
					t.Fatal("a command without a name")
				}
			}
			all = append(all, buf...)
		}
		if !bytes.HasPrefix(data, all) {
			t.Fatal("the frames are not what was sent")
		}
		k := cutter{greeted: true}
		cut := 0
		k.feed(all, func([]byte) { cut++ })
		if n := wholeMessages(all); n != cut {
			t.Fatalf("%d messages were cut and %d counted", cut, n)
		}
	})
}
