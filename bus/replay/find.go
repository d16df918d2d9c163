package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"busbar/bus/config"
	"busbar/common/discovery"
	"busbar/common/exit"
	again "busbar/common/replay"
)

// askedAtOnce is how many publishers are asked at once who they are.
const askedAtOnce = 16

// find is where the publisher or service with a name answers replay.
func find(ctx context.Context, name string, cfg config.Config, client *again.Client) (string, error) {
	finder, err := discovery.Start(ctx, cfg.Bus.Publishers(), discovery.Options{})
	if err != nil {
		return "", err
	}
	all, sources := finder.Endpoints(), finder.Status()
	finder.Close()
	if len(all) == 0 {
		err := fmt.Errorf("%s is no file, and no publisher is known by that name: [bus] subscribe and discover find nobody", name)
		for _, s := range sources {
			if s.Error != "" {
				err = errors.Join(err, fmt.Errorf("%s: %s", s.Source, s.Error))
			}
		}
		return "", &exit.Error{Code: exit.Config, Err: err}
	}
	services := slices.DeleteFunc(slices.Clone(all), func(e discovery.Endpoint) bool { return e.Name != name })
	if len(services) == 1 {
		return cmp.Or(services[0].Replay, services[0].Address), nil
	}
	if len(services) > 1 {
		all = services
	}
	var failed error
	found := map[string]string{} // by sequence
	var known []string
	for _, a := range whoAre(ctx, all, client) {
		switch {
		case a.err != nil:
			failed = errors.Join(failed, a.err)
		case a.Publisher == name || len(services) > 1:
			found[a.Publisher+"\x00"+a.Epoch] = a.at
		default:
			known = append(known, a.Publisher)
		}
	}
	switch {
	case len(found) == 1:
		for _, at := range found {
			return at, nil
		}
	case len(found) > 1:
		return "", &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%s is several: ask each by its address (bus endpoints lists them)", name)}
	case failed != nil:
		return "", &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("%s is not among those who answer: %w", name, failed)}
	}
	slices.Sort(known)
	return "", &exit.Error{Code: exit.Config, Err: fmt.Errorf("%s is no file and no publisher that is found; there are %s", name, strings.Join(slices.Compact(known), ", "))}
}

// An answer is who is at an address.
type answer struct {
	again.Have
	at  string
	err error
}

// whoAre asks all of them.
func whoAre(ctx context.Context, all []discovery.Endpoint, client *again.Client) []answer {
	answers := make([]answer, len(all))
	var wg sync.WaitGroup
	slots := make(chan struct{}, askedAtOnce)
	for i, e := range all {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			at := cmp.Or(e.Replay, e.Address)
			h, err := publisher{client, at}.have(ctx, "", "")
			answers[i] = answer{h, at, err}
		})
	}
	wg.Wait()
	return answers
}
