package guard

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/go-zeromq/zmq4"
)

const (
	greetingSize  = 64
	maxReady      = 4096 // bytes of a READY command: libzmq's has 25 to 60
	maxProperties = 32
	maxIdentity   = 255
)

// greeting builds ZMTP's first 64 bytes with the NULL mechanism. A PUB says
// 3.1, as the guard understands 3.1's commands; a peer then may use them.
func greeting(t zmq4.SocketType) []byte {
	g := make([]byte, greetingSize)
	g[0], g[9], g[10] = 0xff, 0x7f, 3
	if t == zmq4.Pub {
		g[11] = 1
	}
	g[8] = 1 // as libzmq: the length of an old protocol's empty identity
	copy(g[12:], "NULL")
	return g
}

func checkGreeting(g []byte) error {
	switch {
	case g[0] != 0xff || g[9]&1 == 0:
		return faultf("greeting", "the peer does not speak ZMTP: its first bytes are %q", g[:10])
	case g[10] < 3:
		return faultf("version", "the peer speaks ZMTP %d; 3.0 or later is needed (libzmq 4)", g[10])
	case string(g[12:32]) != "NULL"+strings.Repeat("\x00", 16):
		return faultf("mechanism", "the peer wants the mechanism %q; only NULL is offered", strings.TrimRight(string(g[12:32]), "\x00"))
	}
	return nil
}

// ready builds the READY command's frame.
func ready(t zmq4.SocketType) []byte {
	body := append([]byte{5}, "READY"...)
	body = append(body, byte(len("Socket-Type")))
	body = append(body, "Socket-Type"...)
	body = binary.BigEndian.AppendUint32(body, uint32(len(t)))
	return appendFrame(nil, flagCommand, append(body, t...))
}

// parseCommand divides a command's body into its name and its data.
func parseCommand(body []byte) (name string, data []byte, err error) {
	if len(body) == 0 || body[0] == 0 || int(body[0]) > len(body)-1 {
		return "", nil, faultf("bad-command", "a command of %d bytes has no name", len(body))
	}
	n := int(body[0])
	return string(body[1 : 1+n]), body[1+n:], nil
}

// parseReady gives the socket type in a READY command's data, and checks
// every property on the way (ZMTP 3.1 §3.4: name of 1 to 255 bytes, value
// with a length of four bytes; names are compared without regard to case).
func parseReady(data []byte) (zmq4.SocketType, error) {
	seen := make([]string, 0, 4)
	var kind zmq4.SocketType
	for len(data) > 0 {
		n := int(data[0])
		if n == 0 || len(data) < 1+n+4 {
			return "", faultf("ready", "a property is cut off")
		}
		name := strings.ToLower(string(data[1 : 1+n]))
		size := binary.BigEndian.Uint32(data[1+n:])
		data = data[1+n+4:]
		if uint64(size) > uint64(len(data)) {
			return "", faultf("ready", "the property %q promises %d bytes and has %d", name, size, len(data))
		}
		value := data[:size]
		data = data[size:]
		switch {
		case strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }):
			return "", faultf("ready", "the property name %q is not plain ASCII", name)
		case slices.Contains(seen, name):
			return "", faultf("ready", "the property %q comes twice", name)
		case len(seen) == maxProperties:
			return "", faultf("ready", "more than %d properties", maxProperties)
		case name == "identity" && len(value) > maxIdentity:
			return "", faultf("ready", "an identity of %d bytes", len(value))
		case name == "socket-type":
			kind = zmq4.SocketType(value)
		}
		seen = append(seen, name)
	}
	if kind == "" {
		return "", faultf("ready", "no Socket-Type")
	}
	return kind, nil
}

// partners says which peers each of our sockets may have (RFC 23). PUSH and
// DEALER are left out on purpose: zmq4's send a copy to every peer.
func partners(t zmq4.SocketType) []zmq4.SocketType {
	switch t {
	case zmq4.Pub:
		return []zmq4.SocketType{zmq4.Sub, zmq4.XSub}
	case zmq4.Sub:
		return []zmq4.SocketType{zmq4.Pub, zmq4.XPub}
	case zmq4.Rep:
		return []zmq4.SocketType{zmq4.Req, zmq4.Dealer}
	case zmq4.Req:
		return []zmq4.SocketType{zmq4.Rep, zmq4.Router}
	}
	return nil
}

// A side is what one end of a handshake is.
type side struct {
	own    zmq4.SocketType
	speaks bool // READY is said before the peer's is read
	// as is what we are to a peer of that kind; "" if it does not fit.
	as func(kind zmq4.SocketType) zmq4.SocketType
	// seen, if not nil, gets what the peer says of itself, whether it fits or not.
	seen *Peer
}

// dialled is the side that connects.
func dialled(own zmq4.SocketType, fit ...zmq4.SocketType) side {
	return side{own: own, speaks: true, as: func(kind zmq4.SocketType) zmq4.SocketType {
		if slices.Contains(fit, kind) {
			return own
		}
		return ""
	}}
}

// accepted is the side that listens. It reads first, so that one port may be
// several sockets: all known peers say their READY unasked (RFC 37 has no order).
func (o Options) accepted() side {
	return side{own: o.Type, as: func(kind zmq4.SocketType) zmq4.SocketType {
		switch {
		case o.asks(kind) && kind == zmq4.Req:
			return zmq4.Rep
		case o.asks(kind):
			return zmq4.Router
		case o.sends(kind) && kind == zmq4.Push:
			return zmq4.Pull
		case o.sends(kind):
			return zmq4.Sub
		case slices.Contains(partners(o.Type), kind):
			return o.Type
		}
		return ""
	}}
}

// asks is true for a peer whose requests are answered here.
func (o Options) asks(kind zmq4.SocketType) bool {
	return o.Exchange != nil && (kind == zmq4.Req || kind == zmq4.Dealer)
}

// sends is true for a peer of whom a relay takes what it sends.
func (o Options) sends(kind zmq4.SocketType) bool {
	return o.Inbound != nil && (kind == zmq4.Pub || kind == zmq4.XPub || kind == zmq4.Push)
}

// shake carries out the whole handshake, and gives the peer's kind. Only one that
// connects to another of its kind says READY first, so two guards never wait for
// each other.
func shake(conn net.Conn, r *bufio.Reader, s side, deadline time.Time) (zmq4.SocketType, error) {
	if err := conn.SetDeadline(deadline); err != nil {
		return "", faultf("closed", "setting the deadline: %w", err)
	}
	if _, err := conn.Write(greeting(s.own)); err != nil {
		return "", hungUp("greeting", err)
	}
	var g [greetingSize]byte
	n, err := io.ReadFull(r, g[:])
	s.seen.greeted(g[:n])
	if err != nil {
		return "", hungUp("greeting", err)
	}
	if err := checkGreeting(g[:]); err != nil {
		return "", err
	}
	if s.speaks {
		if _, err := conn.Write(ready(s.own)); err != nil {
			return "", hungUp("READY", err)
		}
	}
	raw, h, err := readFrame(r, nil, maxReady)
	if err != nil {
		return "", hungUp("READY", err)
	}
	kind, err := peerType(raw[h.length:], h)
	if err != nil {
		return "", err
	}
	s.seen.is(kind)
	own := s.as(kind)
	if !s.speaks { // also to one that does not fit: then it knows why it is left
		if _, err := conn.Write(ready(cmp.Or(own, s.own))); err != nil {
			return "", hungUp("READY", err)
		}
	}
	if own == "" {
		return "", faultf("socket-type", "the peer is a %.16q socket, which does not fit a %s socket", kind, s.own)
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return "", faultf("closed", "clearing the deadline: %w", err)
	}
	return kind, nil
}

func peerType(body []byte, h header) (zmq4.SocketType, error) {
	if !h.command() {
		return "", faultf("ready", "a message came before READY")
	}
	name, data, err := parseCommand(body)
	if err != nil {
		return "", err
	}
	if name == zmq4.CmdError {
		return "", faultf("refused", "the peer refused us: %.100q", data)
	}
	if name != zmq4.CmdReady {
		return "", faultf("ready", "the command %.20q came before READY", name)
	}
	return parseReady(data)
}

// hungUp names the reason of an error that came from the network.
func hungUp(during string, err error) error {
	var f *fault
	var timeout net.Error
	switch {
	case errors.As(err, &f):
		return err
	case errors.As(err, &timeout) && timeout.Timeout():
		return &fault{reason: "timeout", err: fmt.Errorf("no %s from the peer in time: %w", during, err)}
	default:
		return &fault{reason: "hung-up", err: fmt.Errorf("the peer hung up before its %s: %w", during, err)}
	}
}
