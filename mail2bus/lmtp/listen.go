package lmtp

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"
)

// Check says whether a place to listen is one.
func Check(place string) error {
	kind, name, _ := strings.Cut(place, "://")
	switch {
	case place == "systemd":
		return nil
	case kind == "unix" && strings.HasPrefix(name, "/"):
		return nil
	case kind == "tcp":
		if _, _, err := net.SplitHostPort(name); err != nil {
			return err
		}
		return nil
	}
	return fmt.Errorf("%q is neither unix:///PATH, nor tcp://HOST:PORT, nor systemd", place)
}

// listener listens at a place.
func listener(place string) (net.Listener, error) {
	kind, name, _ := strings.Cut(place, "://")
	switch {
	case place == "systemd":
		list, err := activation.Listeners()
		for _, l := range list {
			if l != nil {
				return l, err
			}
		}
		return nil, errors.Join(err, errors.New("systemd handed over no socket (is mail2bus.socket enabled?)"))
	case kind == "unix":
		return listenUnix(name)
	}
	return net.Listen("tcp", name)
}

// listenUnix makes a socket for the user and the group; one that somebody still
// listens on is left alone.
func listenUnix(path string) (net.Listener, error) {
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		c.Close()
		return nil, fmt.Errorf("listening on %s: %w", path, unix.EADDRINUSE)
	} else if errors.Is(err, unix.ECONNREFUSED) { // who made it is dead
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	// The mail system is in the group; the folder says who else comes as far as here.
	if err := os.Chmod(path, 0o660); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// peerOf is who connects: a user of this machine, or an address.
func peerOf(c net.Conn) string {
	if w, ok := c.(*patient); ok {
		c = w.Conn
	}
	if u, ok := c.(*net.UnixConn); ok {
		uid := -1
		if raw, err := u.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) {
				if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
					uid = int(cred.Uid)
				}
			})
		}
		if uid < 0 {
			return "an unknown user"
		}
		if known, err := user.LookupId(strconv.Itoa(uid)); err == nil {
			return known.Username
		}
		return "uid " + strconv.Itoa(uid)
	}
	host, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if err != nil {
		return "an unknown peer"
	}
	return host
}

// limit bounds how many connections are served; more wait in the kernel.
type limit struct {
	net.Listener
	places chan struct{}
	ended  chan struct{}
	once   sync.Once
	opened func() (ended func()) // of each connection

	mu   sync.Mutex
	open map[*patient]bool
}

func limited(l net.Listener, n int, opened func() func()) *limit {
	return &limit{Listener: l, places: make(chan struct{}, n), ended: make(chan struct{}), opened: opened, open: map[*patient]bool{}}
}

// Accept waits for a place, then for a connection.
func (l *limit) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.ended:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	ended := l.opened()
	p := &patient{Conn: c, until: time.Now().Add(longest)}
	p.free = sync.OnceFunc(func() {
		l.mu.Lock()
		delete(l.open, p)
		l.mu.Unlock()
		ended()
		<-l.places
	})
	l.mu.Lock()
	l.open[p] = true
	l.mu.Unlock()
	return p, nil
}

// endAll closes all connections.
func (l *limit) endAll() {
	l.mu.Lock()
	list := slices.Collect(maps.Keys(l.open))
	l.mu.Unlock()
	for _, p := range list {
		_ = p.Close() // who speaks sees it
	}
}

// Close ends it.
func (l *limit) Close() error {
	l.once.Do(func() { close(l.ended) })
	return l.Listener.Close()
}

// longest is how long a connection may last: mail systems keep them for minutes.
const longest = time.Hour

// patient is a connection in which nothing lasts for ever, also a byte a minute.
type patient struct {
	net.Conn
	until time.Time
	free  func()
}

// SetDeadline never sets one beyond the end.
func (p *patient) SetDeadline(t time.Time) error { return p.Conn.SetDeadline(p.cut(t)) }

// SetReadDeadline never sets one beyond the end.
func (p *patient) SetReadDeadline(t time.Time) error { return p.Conn.SetReadDeadline(p.cut(t)) }

// SetWriteDeadline never sets one beyond the end.
func (p *patient) SetWriteDeadline(t time.Time) error { return p.Conn.SetWriteDeadline(p.cut(t)) }

func (p *patient) cut(t time.Time) time.Time {
	if t.IsZero() || t.After(p.until) {
		return p.until
	}
	return t
}

// Close frees the place.
func (p *patient) Close() error {
	defer p.free()
	return p.Conn.Close()
}
