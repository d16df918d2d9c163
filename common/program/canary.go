package program

import (
	"context"
	"slices"

	"busbar/common/canary"
	"busbar/common/exit"
	"busbar/common/translate"
)

// canary has a reading recognise the marked items of its channel. Only the daemon
// sends them.
func (s *Site) canary(ctx context.Context, r *reading) error {
	key, err := canary.OpenKey(s.journal + ".canary")
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	r.keeper, err = canary.Open(ctx, canary.Options{
		Adapter: s.env.Name, Publisher: s.config.Common().Bus.Name, Channel: r.Name, Key: key, Journal: s.Node.Journal, Route: *r.Canary, Log: s.log,
	})
	if err != nil {
		return err
	}
	read := r.pump.Read
	r.pump.Read = func(it translate.Item[any]) translate.Item[any] {
		if read != nil {
			it = read(it)
		}
		return r.keeper.See(it)
	}
	r.pump.Table = append([]translate.Translator[any]{translate.Of(canary.Translator())}, r.pump.Table...)
	return nil
}

// isCanary says whether one of the sources takes an item for a canary.
func isCanary(sources []*Source, it translate.Item[any]) bool {
	return slices.ContainsFunc(sources, func(s *Source) bool { return s.Canary != nil && s.Canary.Find(it) != nil })
}
