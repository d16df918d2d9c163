package program

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// Base is the context in which a command runs that no signal has ended.
func (p *Env) Base() context.Context {
	if p.Context != nil {
		return p.Context
	}
	return context.Background()
}

// Signals is for a daemon: a context that SIGINT and SIGTERM end, and where
// SIGHUP comes, which from now on never ends the program.
func (p *Env) Signals() (ctx context.Context, hangup <-chan os.Signal, stop func()) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	ctx, cancel := signal.NotifyContext(p.Base(), syscall.SIGINT, syscall.SIGTERM)
	return ctx, hup, func() { cancel(); signal.Stop(hup) }
}

// Cut says that an error only tells that ctx was cancelled in the middle of something.
// Of a transaction that this has rolled back already, database/sql does not say why.
func Cut(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, sql.ErrTxDone) && errors.Is(ctx.Err(), context.Canceled)
}

// Begun is the error of a daemon that could not begin: nil where it was told to end
// before it had begun. With another code systemd would call it failed, or wrongly
// configured.
func Begun(ctx context.Context, err error) error {
	if ctx.Err() != nil && Cut(ctx, err) {
		return nil
	}
	return err
}
