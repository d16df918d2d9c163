package trial

import (
	"context"
	"fmt"
	"net"
	"time"
)

// Patience bounds each wait for what must come.
const Patience = 3 * time.Minute

// Long bounds the small form of a trial that the suite plays: a little less than the
// time after which `make test` ends a package.
const Long = 25 * time.Minute

// Await waits until ok says so.
func Await(ctx context.Context, what string, limit time.Duration, ok func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		done, err := ok()
		if done || err != nil {
			return err
		}
		if err := Pause(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
	}
}

// AwaitListener waits until somebody listens at an address.
func AwaitListener(ctx context.Context, address string) error {
	for began := time.Now(); time.Since(began) < Patience; {
		if conn, err := net.Dial("tcp", address); err == nil {
			return conn.Close()
		}
		if err := Pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("nobody listens at %s", address)
}

// Pause waits, or gives up with ctx.
func Pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
