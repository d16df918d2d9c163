package survey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"busbar/common/discovery"
	"busbar/common/event"
	"busbar/common/replay"
	"busbar/common/sign"
	"busbar/common/wire"
)

// rated is over which time the rate of messages is told.
const rated = 10 * time.Minute

// router is the socket that answers the streaming form of replay.
const router = "ROUTER"

// look asks each endpoint, also those that are found later, again and again.
func (o *Observer) look(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		o.follow(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// follow takes over what discovery finds now, and asks whom it is time to ask.
func (o *Observer) follow(ctx context.Context) {
	found := o.follower.Found()
	now := o.o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range found {
		e := o.endpoints[f.Address]
		if e == nil || e.Name != f.Name || e.Replay != f.Replay {
			o.endpoints[f.Address] = &Endpoint{Address: f.Address, Name: f.Name, Replay: f.Replay}
			o.asking[f.Address] = time.Time{}
		}
		if last := o.asking[f.Address]; last.IsZero() || now.Sub(last) >= o.o.Again {
			select {
			case o.places <- struct{}{}:
				o.asking[f.Address] = now
				o.wg.Go(func() {
					defer func() { <-o.places }()
					o.ask(ctx, f)
				})
			default: // the next time
			}
		}
	}
	for address := range o.endpoints {
		if !slices.ContainsFunc(found, func(f discovery.Endpoint) bool { return f.Address == address }) {
			delete(o.endpoints, address)
			delete(o.asking, address)
		}
	}
}

// An answer is what one endpoint said when it was asked.
type answer struct {
	peer      wire.Peer
	err       error
	answers   string // the socket where replay is asked for
	have      replay.Have
	rate      *float64
	replayErr error
	newest    []byte // the newest message, as it came
}

// ask asks one endpoint, and keeps what it says.
func (o *Observer) ask(ctx context.Context, f discovery.Endpoint) {
	ask, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a := question(ask, f, o.o.now())
	if ctx.Err() != nil {
		return
	}
	var speaker *Speaker
	var refusal *Refusal
	if a.newest != nil {
		speaker, refusal = o.vouch(a)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	e := o.endpoints[f.Address]
	if e == nil {
		return
	}
	e.Asked, e.Version, e.Socket, e.Answers, e.Error, e.ReplayError = true, a.peer.Version, a.peer.Socket, a.answers, text(a.err), text(a.replayErr)
	if refusal != nil {
		e.refuse(*refusal)
	}
	if speaker != nil {
		e.add(*speaker)
	}
	o.news()
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// tries is how often an endpoint is asked the same where it may have been too busy.
const tries = 3

// again does something until it says that it need not be done again.
func again(ctx context.Context, do func() bool) {
	for n := 1; do() && n < tries && ctx.Err() == nil; n++ {
	}
}

// question asks without keeping anything.
func question(ctx context.Context, f discovery.Endpoint, now time.Time) (a answer) {
	at := f.Replay
	again(ctx, func() bool {
		a.peer, a.err = wire.Inspect(ctx, f.Address, false)
		return a.err != nil && a.peer == wire.Peer{} && !errors.Is(a.err, syscall.ECONNREFUSED)
	})
	if at == "" {
		if a.err != nil && a.peer.Socket == "" {
			return a // nobody to ask for replay
		}
		at = f.Address
	}
	if a.peer.Socket != "" && a.err != nil {
		a.err = fmt.Errorf("a %s socket answers, which publishes nothing", a.peer.Socket)
	}
	var c replay.Client
	var first uint64
	var epoch *replay.EpochError
	again(ctx, func() bool {
		a.have, first, a.replayErr = c.Begin(ctx, at, replay.Range{Since: now.Add(-rated)})
		return a.replayErr != nil && !errors.As(a.replayErr, &epoch) && !errors.Is(a.replayErr, replay.ErrNoReplay) && !errors.Is(a.replayErr, replay.ErrRefused) &&
			!errors.Is(a.replayErr, replay.ErrUnreadable) && !errors.Is(a.replayErr, syscall.ECONNREFUSED)
	})
	if a.replayErr == nil && max(a.have.Newest, first) > wire.MaxSeq {
		a.replayErr = fmt.Errorf("it answers with the number %d, which counts nothing", max(a.have.Newest, first))
	}
	switch {
	case a.replayErr == nil:
		a.answers = router
		rate := float64(max(a.have.Newest+1, first)-first) / rated.Minutes()
		a.rate = &rate
	case errors.As(a.replayErr, &epoch), errors.Is(a.replayErr, replay.ErrRefused), errors.Is(a.replayErr, replay.ErrUnreadable):
		a.answers = router // of many sequences, or of none that can be read
		if !errors.Is(a.replayErr, replay.ErrUnreadable) {
			a.replayErr = nil
		}
		return a
	case errors.Is(a.replayErr, replay.ErrNoReplay): // it may be fedmsg's
		p, err := wire.Inspect(ctx, at, true)
		if err == nil {
			a.answers, a.replayErr = p.Socket, nil
		}
		return a
	default:
		return a
	}
	if a.have.Newest == 0 || a.have.Newest < a.have.Oldest {
		return a
	}
	one := replay.Range{Publisher: a.have.Publisher, Epoch: a.have.Epoch, From: a.have.Newest, To: a.have.Newest}
	err := c.Fetch(ctx, at, one, func(_ string, body []byte) error {
		a.newest = body
		return nil
	})
	var gone *replay.GoneError
	if err != nil && !errors.As(err, &gone) {
		a.replayErr = err
	}
	return a
}

// vouch reads and verifies the newest message, at the time at which its publisher took
// it: it may be older than the certificate's end.
func (o *Observer) vouch(a answer) (*Speaker, *Refusal) {
	tree, e, err := event.ParseMessage(a.newest)
	if err != nil {
		return nil, &Refusal{Reason: "reading its newest message: " + err.Error()}
	}
	s := &Speaker{
		Publisher: short(e.Publisher), Epoch: short(e.Epoch), Newest: int64(a.have.Newest), Message: time.Unix(e.Timestamp, 0).UTC(), Rate: a.rate,
	}
	s.shown(tree)
	if e.Publisher != a.have.Publisher || e.Epoch != a.have.Epoch {
		return nil, &Refusal{Publisher: e.Publisher, Certificate: s.Certificate,
			Reason: fmt.Sprintf("replay of %s answers with a message of %s", a.have.Publisher, e.Publisher)}
	}
	if o.o.Verifier == nil {
		return s, nil
	}
	v := o.o.Verifier.VerifyAt(tree, s.Message)
	if !v.OK {
		return nil, &Refusal{Publisher: e.Publisher, Certificate: s.Certificate, Reason: v.Reason}
	}
	s.Verified, s.Certificate = true, short(v.Signer)
	return s, nil
}

// shown takes note of the certificate that a message bears, or the OpenPGP key that
// it names.
func (s *Speaker) shown(tree map[string]any) {
	if name, until, err := sign.Shown(tree); err == nil {
		s.Certificate = short(name)
		if !until.IsZero() {
			s.Until = until.UTC()
		}
	}
}
