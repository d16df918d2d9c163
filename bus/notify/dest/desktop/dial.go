package desktop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// dial connects to the first of a bus's addresses that is a socket of this machine (D-Bus
// Specification, "Server Addresses"), and says who we are.
func dial(ctx context.Context, addresses string) (*dbus.Conn, error) {
	if addresses == "" {
		return nil, errors.New("connecting to the desktop: DBUS_SESSION_BUS_ADDRESS is not set (run it in a graphical session)")
	}
	for address := range strings.SplitSeq(addresses, ";") {
		socket, ok := socketOf(address)
		if !ok {
			continue
		}
		c, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
		if err != nil {
			return nil, fmt.Errorf("connecting to the desktop: %w", err)
		}
		conn, err := dbus.NewConn(&bounded{c})
		if err == nil {
			if err = conn.Auth(nil); err == nil {
				err = conn.Hello()
			}
			if err != nil {
				err = errors.Join(err, conn.Close())
			}
		}
		if err != nil {
			return nil, fmt.Errorf("connecting to the desktop: %w", err)
		}
		return conn, nil
	}
	return nil, errors.New("connecting to the desktop: DBUS_SESSION_BUS_ADDRESS names no socket of this machine")
}

// socketOf is the socket of an address such as unix:path=/run/user/1000/bus,guid=….
func socketOf(address string) (string, bool) {
	rest, ok := strings.CutPrefix(address, "unix:")
	if !ok {
		return "", false
	}
	for pair := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(pair, "=")
		value, err := url.PathUnescape(value)
		switch {
		case err != nil:
		case key == "path":
			return value, true
		case key == "abstract":
			return "@" + value, true
		}
	}
	return "", false
}

// A bounded connection waits for nobody who does not read.
type bounded struct{ net.Conn }

func (b *bounded) Write(text []byte) (int, error) {
	if err := b.SetWriteDeadline(time.Now().Add(answerIn)); err != nil {
		return 0, err
	}
	return b.Conn.Write(text)
}
