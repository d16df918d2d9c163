package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"busbar/bus/config"
	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/progress"
	"busbar/common/show"
	"busbar/common/sign"
	"busbar/common/wire"
)

type importCommand struct {
	From []string `arg:"" help:"Where the messages are: a journal or a file of JSON lines (- is standard input), http://HOST:9480 (a hub), or https://…/raw (datagrepper)."`
	where
	config.Trust
	NoVerify bool   `help:"Take messages without verifying them: anybody can have said anything."`
	Since    string `help:"From hubs and datagrepper: what was published at this time or later." placeholder:"TIME"`
}

// An intake verifies messages and stores them, many at once, while it reads the next.
type intake struct {
	archive  *archive.Archive
	verifier *sign.Verifier // nil: nothing is verified
	stderr   io.Writer
	batch    archive.Batch
	size     int
	storing  chan error // what becomes of the batch before; nil: there is none
	failed   error

	read, stored, refused atomic.Int64
}

const (
	batchMessages = 1000
	batchBytes    = 16 << 20
	refusedShown  = 20
)

// Run brings messages in.
func (c *importCommand) Run(p *program.Env, g *program.Globals) error {
	const doing = "importing"
	cfg, err := config.Load(p, g)
	if err != nil {
		return err
	}
	since, ok := config.Moment(c.Since, time.Now())
	if c.Since != "" && !ok {
		return &exit.Error{Code: exit.Usage, Err: fmt.Errorf("importing: --since %q is no time such as 2026-01-31T12:00:00Z or 2026-01-31, and no while ago such as 2h", c.Since)}
	}
	v, err := c.Required(p, cfg.Sign, c.NoVerify, doing, "takes")
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	for _, from := range c.From { // before an archive is made for what cannot be read
		if _, err := os.Stat(from); err != nil && !remote(from) && from != "-" {
			return &exit.Error{Code: exit.Code(err, exit.TempFail), Err: fmt.Errorf("importing %s: %w", from, err)}
		}
	}
	ctx, stop := signals()
	defer stop()
	a, err := c.open(ctx, cfg, g, p, doing)
	if err != nil {
		return err
	}
	in := &intake{archive: a, verifier: v, stderr: p.Stderr}
	ended := p.Progress(func(done bool) progress.State {
		if done {
			return progress.State{} // what was read is printed below
		}
		return progress.State{Text: fmt.Sprintf("read %d messages, of which %d were new", in.read.Load(), in.stored.Load())}
	})
	for _, from := range c.From {
		err = each(ctx, from, since, p.Stdin, in.take)
		if err = errors.Join(err, in.end(ctx)); err != nil {
			err = fmt.Errorf("importing %s: %w", from, err)
			break
		}
	}
	ended()
	err = errors.Join(err, a.Close())
	_, perr := show.Fprintf(p.Stdout, "read %d messages; %d were new, %d were refused\n", in.read.Load(), in.stored.Load(), in.refused.Load())
	switch {
	case errors.Is(err, errForm):
		return &exit.Error{Code: exit.Data, Err: err}
	case exit.Code(err, exit.TempFail) == exit.Config: // a folder, a corrupt journal
		return &exit.Error{Code: exit.Config, Err: err}
	case err != nil:
		return &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("%w (what was read so far is kept: the same again goes on)", err)}
	case in.refused.Load() > 0:
		return &exit.Error{Code: exit.Failure, Err: fmt.Errorf("importing: %d messages were refused", in.refused.Load())}
	}
	return perr
}

// take takes one message as it was published.
func (in *intake) take(ctx context.Context, text []byte) error {
	in.read.Add(1)
	m, err := in.believe(text)
	if err != nil {
		if in.refused.Add(1) <= refusedShown {
			show.Fprintf(in.stderr, "bus: refused message with id %s: %s\n", m.Envelope.MsgID, err)
		}
		return nil
	}
	in.batch.Messages = append(in.batch.Messages, m)
	if in.size += len(text); len(in.batch.Messages) < batchMessages && in.size < batchBytes {
		return nil
	}
	return in.flush(ctx)
}

// believe reads a message, and verifies it as of when it was published.
func (in *intake) believe(text []byte) (archive.Incoming, error) {
	tree, e, err := event.ParseMessage(text)
	m := archive.Incoming{Envelope: e, Wire: text}
	if err != nil {
		return m, err
	}
	if strings.HasSuffix(e.Topic, "."+wire.HeartbeatTopic) {
		return m, errors.New("a heartbeat is not kept")
	}
	if in.verifier != nil {
		if v := in.verifier.VerifySaid(tree, e.Timestamp); !v.OK {
			return m, errors.New(v.Reason)
		}
	}
	return m, nil
}

// flush begins to store what was taken, once all before it is stored.
func (in *intake) flush(ctx context.Context) error {
	if err := in.wait(); err != nil || len(in.batch.Messages) == 0 {
		return err
	}
	batch, storing := in.batch, make(chan error, 1)
	in.batch, in.size, in.storing = archive.Batch{}, 0, storing
	go func() {
		r, err := in.archive.Append(ctx, batch)
		in.stored.Add(int64(r.Stored))
		storing <- err
	}()
	return nil
}

// wait returns when all is stored that flush began with. What failed once stays failed,
// so that nothing is stored before what came before it.
func (in *intake) wait() error {
	if in.storing != nil {
		in.failed = <-in.storing
		in.storing = nil
	}
	return in.failed
}

// end stores what is left.
func (in *intake) end(ctx context.Context) error {
	if in.failed != nil { // as take has said
		return nil
	}
	if err := in.flush(ctx); err != nil {
		return err
	}
	return in.wait()
}
