// Package desktop shows messages on the desktop of the person who runs the program, by
// D-Bus (Desktop Notifications Specification 1.2). One a second at most: what comes
// faster is shown together.
//
// It is no destination of `bus notify`, which runs for many people and on no desktop;
// `bus tail --notify` uses it.
package desktop

import (
	"context"
	"errors"
	"fmt"
	"html"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/godbus/dbus/v5"

	"busbar/common/runes"
	"busbar/common/show"
)

const (
	service = "org.freedesktop.Notifications"
	path    = "/org/freedesktop/Notifications"

	pace      = time.Second
	waiting   = 256 // messages at most, before some are only counted
	together  = 8   // lines of several that are shown together
	mostTitle = 200 // bytes
	answerIn  = 5 * time.Second
)

// A Message is what is shown.
type Message struct{ Title, Link string }

// A Notifier shows messages.
type Notifier struct {
	address string
	failed  func(error) // is told the first failure of several in a row, and nil when it is over
	pace    time.Duration

	conn     *dbus.Conn
	markup   bool // the desktop reads markup
	messages chan Message
	left     atomic.Int64 // how many came when too many waited
	closing  chan struct{}
	done     chan struct{}
}

// Open connects to the session's bus, whose address is DBUS_SESSION_BUS_ADDRESS, and
// looks whether somebody shows notifications there. failed is called from another
// goroutine.
func Open(address string, failed func(error)) (*Notifier, error) {
	n := &Notifier{address: address, failed: failed, pace: pace, messages: make(chan Message, waiting), closing: make(chan struct{}), done: make(chan struct{})}
	if err := n.connect(); err != nil {
		return nil, err
	}
	go n.run()
	return n, nil
}

// connect connects, and asks what the desktop can.
func (n *Notifier) connect() error {
	ctx, cancel := context.WithTimeout(context.Background(), answerIn)
	defer cancel()
	conn, err := dial(ctx, n.address)
	if err != nil {
		return err
	}
	var can []string
	if err := conn.Object(service, path).CallWithContext(ctx, service+".GetCapabilities", 0).Store(&can); err != nil {
		conn.Close()
		return fmt.Errorf("looking for the desktop's notifications: %w (does a program show them in this session?)", err)
	}
	n.conn, n.markup = conn, slices.Contains(can, "body-markup")
	return nil
}

// Show shows a message soon. It never waits: of what comes while too many wait, the
// number is shown.
func (n *Notifier) Show(m Message) {
	select {
	case n.messages <- m:
	default:
		n.left.Add(1)
	}
}

// Close shows what waits, and ends. Show must not be called after it.
func (n *Notifier) Close() error {
	close(n.closing)
	close(n.messages)
	<-n.done
	if n.conn == nil {
		return nil
	}
	return n.conn.Close()
}

// run shows what comes.
func (n *Notifier) run() {
	defer close(n.done)
	failing := false
	for m := range n.messages {
		list := []Message{m}
		for more := true; more && len(list) < waiting; {
			select {
			case m, open := <-n.messages:
				if more = open; open {
					list = append(list, m)
				}
			default:
				more = false
			}
		}
		err := n.notify(list, int(n.left.Swap(0)))
		if (err != nil) != failing {
			failing = err != nil
			n.failed(err)
		}
		select {
		case <-time.After(n.pace):
		case <-n.closing:
		}
	}
}

// notify shows messages as one notification, by Notify of the specification. After an
// error the connection is made again with the next.
func (n *Notifier) notify(list []Message, left int) error {
	if n.conn == nil {
		if err := n.connect(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerIn)
	defer cancel()
	title, body := n.text(list, left)
	hints := map[string]dbus.Variant{"urgency": dbus.MakeVariant(byte(1))}
	call := n.conn.Object(service, path).CallWithContext(ctx, service+".Notify", 0, "bus", uint32(0), "", title, body, []string{}, hints, int32(-1))
	if call.Err != nil {
		err := fmt.Errorf("showing a message on the desktop: %w", call.Err)
		err = errors.Join(err, n.conn.Close())
		n.conn = nil
		return err
	}
	return nil
}

// text is what is shown: one message, or how many, with the newest below each other.
func (n *Notifier) text(list []Message, left int) (title, body string) {
	if len(list) == 1 && left == 0 {
		return cut(list[0].Title), n.escape(list[0].Link)
	}
	var lines []string
	for _, m := range list[max(0, len(list)-together):] {
		lines = append(lines, n.escape(cut(m.Title)))
	}
	if before := len(list) - len(lines) + left; before > 0 {
		lines = append([]string{fmt.Sprintf("%d before these:", before)}, lines...)
	}
	return fmt.Sprintf("%d messages", len(list)+left), strings.Join(lines, "\n")
}

// escape is text as the desktop shows it as it is.
func (n *Notifier) escape(text string) string {
	if text = show.Line(text); n.markup {
		return html.EscapeString(text)
	}
	return text
}

func cut(text string) string {
	text, left := runes.Cut(show.Line(text), mostTitle)
	if left {
		text += "…"
	}
	return text
}
