package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/pump"
	"busbar/common/translate"
	"busbar/mail2bus/intake"
)

// source is the files, for the command import.
func (i *imports) source(limit int64) *program.Source {
	return &program.Source{
		Name: "import", Command: "import", Read: mails{limit: limit}.read,
		Open: func(context.Context, *program.Opening) (pump.Channel, error) { return i, nil },
	}
}

// intakeSource is the imports that come while the daemon runs.
func (c *Config) intakeSource() *program.Source {
	in := mails{limit: int64(c.Mail.Limit)}
	s := &program.Source{
		Name: "imports", Read: in.read,
		Open: func(_ context.Context, o *program.Opening) (pump.Channel, error) {
			if o.Once || o.Import {
				return ended{}, nil
			}
			if c.policy != nil {
				if err := c.measure(o, "mail_", nil, func() []program.Metric { return proofMetrics(c.policy.Stats()) }); err != nil {
					return nil, err
				}
			}
			socket := intakeSocket(c.Bus.Journal)
			return removing{intake.Open(intake.Options{Socket: socket, Listen: listenIntake, Limit: in.limit, Log: o.Log, Behind: o.Node.Backlog}), socket}, nil
		},
	}
	c.requeueable(s)
	return s
}

// ended is a channel with nothing in it.
type ended struct{}

func (ended) Next(context.Context) (translate.Item[any], []byte, func(error), error) {
	return translate.Item[any]{}, nil, nil, io.EOF
}

// removing is a channel with a socket, which goes with it.
type removing struct {
	*intake.Channel
	socket string
}

func (r removing) Close() error {
	err := r.Channel.Close()
	if rerr := os.Remove(r.socket); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	return err
}

func intakeSocket(journal string) string { return journal + ".import" }

func dialIntake(ctx context.Context, socket string) (net.Conn, error) {
	name, dir, err := node.ShortSocket(socket)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return (&net.Dialer{}).DialContext(ctx, "unix", name)
}

func listenIntake(socket string) (*net.UnixListener, error) {
	name, dir, err := node.ShortSocket(socket)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
	if err == nil {
		l.SetUnlinkOnClose(false) // by the short name, which is another file's then
	}
	return l, err
}
