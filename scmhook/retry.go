package main

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"busbar/common/node"
	"busbar/scmhook/webhook"
)

// retryAll hands in what is requeued, one after the other, until ctx ends. It
// is planned and stored as if it had just come.
func retryAll(ctx context.Context, c *node.RetryQueue, in *handed, log *slog.Logger) error {
	for {
		item, _, done, err := c.Next(ctx)
		if ctx.Err() != nil || errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		d, why, err := webhook.Reread(item.Raw)
		switch {
		case err != nil:
			log.Warn("requeued item is no webhook; ignored, and the journal keeps it", "error", err)
			err = nil
		case why != "":
			d.Item.Value = errors.New(why)
			fallthrough
		default:
			err = in.Submit(ctx, d)
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("requeued item could not be stored; trying again", "error", err)
		}
		done(err)
	}
}
