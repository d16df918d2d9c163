package node

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"busbar/common/config"
	"busbar/common/event"
	"busbar/common/sign"
)

// newSigner reads the keys again.
func (n *Node) newSigner(sc config.Sign) (*sign.Signer, error) {
	was := n.looking()
	if (sc.Backend == "none") != (was.Sign.Backend == "none") {
		return nil, fmt.Errorf("[sign] backend was changed from %q to %q: that takes a restart", was.Sign.Backend, sc.Backend)
	}
	return sc.Signer()
}

// Renew takes up what every daemon can of a configuration that was read again: all
// of it, or nothing. more, if not nil, takes up what is the program's own.
func (n *Node) Renew(bus config.Bus, sc config.Sign, more func() error) error {
	signer, err := n.newSigner(sc)
	if err == nil && more != nil {
		err = more()
	}
	if err == nil {
		n.take(bus, sc, signer)
	}
	return err
}

func (n *Node) take(bus config.Bus, sc config.Sign, signer *sign.Signer) {
	if signer != nil {
		n.signer.Store(signer)
		n.Log.Log(context.Background(), slog.LevelInfo, "messages are signed as", "name", signer.Name(), "until", ends(signer.NotAfter()))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.outlook.Sign = sc
	n.outlook.Bus.Quiet = bus.Quiet
}

// looking is the outlook of this moment.
func (n *Node) looking() Outlook {
	n.mu.Lock()
	defer n.mu.Unlock()
	o := n.outlook
	o.signer = n.signer.Load()
	return o
}

// ends is when what has an end ends, as the log shows it.
func ends(t time.Time) string {
	if t.IsZero() {
		return "for ever"
	}
	return event.Stamp(t)
}
