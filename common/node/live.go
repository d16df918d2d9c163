package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"busbar/common/canary"
	"busbar/common/condition"
	"busbar/common/journal"
	"busbar/common/replay"
)

// A Live is what a running daemon says of itself, at the moment that it is
// asked: `status` and `check` are other processes, and what is on disk is older.
type Live struct {
	Process    int                   `json:"process"`
	Version    string                `json:"version"`
	Started    time.Time             `json:"started"`
	Status     string                `json:"status"` // as systemctl status shows it
	Published  int64                 `json:"published"`
	Conditions []condition.Condition `json:"conditions"`
	SinkErrors map[string]string     `json:"sink_errors,omitempty"` // the last of each, also what is over
	Replay     *replay.Stats         `json:"replay,omitempty"`      // what was asked for again
	Canaries   []canary.Status       `json:"canaries,omitempty"`
}

const (
	liveRetry    = 5 * time.Second
	livePatience = 10 * time.Second
	maxLive      = 4 << 20
)

// liveSocket is where the daemon that writes a journal answers: whoever may
// write there may ask.
func liveSocket(journal string) string { return journal + ".sock" }

// ShortSocket gives a name of a socket that is short enough for the system (unix(7)),
// as long as the file is open.
func ShortSocket(socket string) (string, *os.File, error) {
	dir, err := os.Open(filepath.Dir(socket))
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(socket)), dir, nil
}

// answer tells whoever asks how the node is, until ctx ends. A socket that cannot
// be made is tried again: it is no reason for a daemon to end.
func (n *Node) answer(ctx context.Context) {
	for {
		err := n.listenLive(ctx)
		if ctx.Err() != nil {
			return
		}
		n.Conditions.Raise(condition.Condition{
			Name: "status", Level: condition.Warn, Text: fmt.Sprintf("status and check cannot ask the daemon: %v", err),
		})
		select {
		case <-ctx.Done():
			return
		case <-time.After(liveRetry):
		}
	}
}

func (n *Node) listenLive(ctx context.Context) error {
	socket := liveSocket(n.bus.Journal)
	// The journal's lock is ours, so who made it is dead.
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	name, dir, err := ShortSocket(socket)
	if err != nil {
		return err
	}
	defer dir.Close()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
	if err != nil {
		return err
	}
	defer l.Close()
	if err := os.Chmod(socket, 0o660); err != nil { // the folder says who comes as far as here
		return err
	}
	n.Conditions.Clear("status")
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			return err
		}
		// One at a time: who asks waits for as long as this takes.
		_ = c.SetDeadline(time.Now().Add(livePatience))
		_ = json.NewEncoder(c).Encode(n.live()) // who asks notices what is cut
		c.Close()
	}
}

func (n *Node) live() Live {
	return Live{
		Process: os.Getpid(), Version: Version(), Started: n.started, Status: n.Status(), Published: n.published(),
		Conditions: n.Conditions.All(), SinkErrors: n.sinkErrors(), Replay: n.replayed(), Canaries: n.canaries(),
	}
}

// ErrNoDaemon says that no daemon answers for a journal.
var errNoDaemon = errors.New("no daemon answers")

// AskLive asks the daemon that writes a journal; ErrNoDaemon if none does.
func askLive(ctx context.Context, journal string) (Live, error) {
	ctx, cancel := context.WithTimeout(ctx, livePatience)
	defer cancel()
	var live Live
	name, dir, err := ShortSocket(liveSocket(journal))
	if err != nil {
		return live, fmt.Errorf("%w: %w", errNoDaemon, err)
	}
	defer dir.Close()
	c, err := (&net.Dialer{}).DialContext(ctx, "unix", name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return live, errNoDaemon
	case err != nil:
		return live, fmt.Errorf("asking the daemon: %w", err)
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	_ = c.SetDeadline(deadline)
	if err := json.NewDecoder(io.LimitReader(c, maxLive)).Decode(&live); err != nil {
		return live, fmt.Errorf("asking the daemon: %w", err)
	}
	return live, nil
}

// State is what the running daemon says, or nil and what can be seen without it.
func (o Outlook) State(ctx context.Context) ([]condition.Condition, *Live, error) {
	live, err := askLive(ctx, o.Bus.Journal)
	if err == nil {
		return live.Conditions, &live, nil
	}
	if errors.Is(err, errNoDaemon) && !journal.InUse(o.Bus.Journal) {
		err = nil
	} else if errors.Is(err, errNoDaemon) {
		err = errors.New("the journal is in use, but who writes it tells nothing of itself: a command such as import or poll, or a daemon that has just begun")
	}
	var seen condition.Set // it notes since when
	r, rerr := journal.OpenReader(ctx, o.Bus.Journal)
	if rerr != nil {
		seen.Watch(func() []condition.Condition { return o.around(time.Now()) })
		return seen.All(), nil, err
	}
	defer r.Close()
	seen.Watch(func() []condition.Condition { return o.conditions(ctx, r, time.Now()) })
	return seen.All(), nil, err
}
