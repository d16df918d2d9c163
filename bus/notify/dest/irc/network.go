package irc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/bus/notify/dest"
	"busbar/common/backoff"
)

// A network is what we are in one. Whoever says something there holds it.
type network struct {
	config *Network
	held   chan struct{} // with one place: a lock that a context can end waiting for
	wake   chan struct{} // that the session has ended, or is wanted

	session  *session // nil: none
	failures int      // to connect, in a row
	failed   error    // the last of them
	again    time.Time
	closed   bool

	allowed int // lines that may be said at once
	since   time.Time
}

func newNetwork(c *Network) *network {
	return &network{config: c, held: make(chan struct{}, 1), wake: make(chan struct{}, 1), allowed: c.Burst, since: time.Now()}
}

func (n *network) hold(ctx context.Context) error {
	select {
	case n.held <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the network %s: %w", n.config.Name, context.Cause(ctx))
	}
}

func (n *network) release() { <-n.held }

// connected makes sure that there is a session, in its channels.
func (n *network) connected(ctx context.Context) (*session, error) {
	if n.closed {
		return nil, errors.New("saying something on IRC: the destination is closed")
	}
	if n.session != nil && n.session.ended() == nil {
		return n.session, nil
	}
	if wait := time.Until(n.again); wait > 0 {
		return nil, dest.Later(n.failed, wait)
	}
	s, err := dial(ctx, n.config)
	if err == nil {
		n.allowed, n.since = n.config.Burst, time.Now()
		_, _, err = s.ask(ctx, "", joins(n.config.Channels)...) // who is not let in sees it with the first note
		if err != nil {
			s.quit()
		}
	}
	if err != nil {
		n.failures++
		n.failed, n.again = err, time.Now().Add(backoff.Spread(pauses.After(n.failures)))
		return nil, err
	}
	n.session, n.failures = s, 0
	select {
	case n.wake <- struct{}{}: // somebody stays with it
	default:
	}
	return s, nil
}

// joins are lines by which channels are joined, several with each; those with a key
// stand first.
func joins(channels []string) []string {
	const atOnce = 4
	var lines []string
	order := slices.SortedStableFunc(slices.Values(channels), func(a, b string) int {
		return strings.Count(b, " ") - strings.Count(a, " ")
	})
	for some := range slices.Chunk(order, atOnce) {
		var names, keys []string
		for _, c := range some {
			name, key, _ := strings.Cut(c, " ")
			names = append(names, name)
			if key != "" {
				keys = append(keys, key)
			}
		}
		lines = append(lines, strings.TrimRight("JOIN "+strings.Join(names, ",")+" "+strings.Join(keys, ","), " "))
	}
	return lines
}

// stay keeps us in the network until ctx ends.
func (n *network) stay(ctx context.Context) {
	for ctx.Err() == nil {
		if n.hold(ctx) != nil {
			break
		}
		s, err := n.connected(ctx)
		wait := time.Until(n.again)
		n.release()
		select {
		case <-n.wake: // by us, or before we came
		default:
		}
		if err == nil {
			select {
			case <-s.read:
				wait = backoff.Spread(pauses.First)
			case <-ctx.Done():
			}
		}
		select {
		case <-time.After(wait):
		case <-n.wake:
		case <-ctx.Done():
		}
	}
}

// end leaves the network for good. Whoever holds it must have been told to end.
func (n *network) end() {
	n.held <- struct{}{}
	defer n.release()
	n.closed = true
	if n.session != nil {
		n.session.quit()
	}
}

// send says a note to a target.
func (n *network) send(ctx context.Context, target string, note dest.Note) error {
	if err := n.hold(ctx); err != nil {
		return err
	}
	defer n.release()
	s, err := n.connected(ctx)
	if err != nil {
		return err
	}
	if isChannel(target) && !s.in(target) {
		if err := n.join(ctx, s, target); err != nil {
			return err
		}
	}
	command := "PRIVMSG"
	if n.config.Notice {
		command = "NOTICE"
	}
	lines := linesOf(note, s.room(command, target), n.config.Lines, !n.config.NoColours)
	if err := n.pace(ctx, len(lines)); err != nil {
		return err
	}
	for i, line := range lines {
		lines[i] = command + " " + target + " :" + line
	}
	refused, handed, err := s.ask(ctx, target, lines...)
	switch {
	case refused != nil && refused.code == 442: // somebody removed us unseen
		s.leave(target)
		return dest.One(fmt.Errorf("saying something to %s: we are not in it any more", target))
	case refused != nil:
		return refusedBy(target, refused)
	case err != nil && handed:
		return dest.Unsure(err)
	}
	return err
}

// join goes into a channel.
func (n *network) join(ctx context.Context, s *session, channel string) error {
	line := "JOIN " + channel
	if key := n.config.key(channel); key != "" {
		line += " " + key
	}
	if err := n.pace(ctx, 1); err != nil {
		return err
	}
	refused, _, err := s.ask(ctx, channel, line)
	switch {
	case refused != nil:
		return refusedBy(channel, refused)
	case err != nil:
		return err
	case !s.in(channel):
		return dest.One(fmt.Errorf("joining %s: the server says nothing", channel))
	}
	return nil
}

// refusedBy is what a refusal means.
func refusedBy(target string, r *refusal) error {
	err := fmt.Errorf("saying something to %s: the server answers %03d %s", target, r.code, r.text)
	switch r.code {
	case 405, 407, 437, 439, 471, 480, 500: // too many or too fast, full, not now
		return dest.One(err)
	case 401, 402, 403, 404, 470, 473, 474, 475, 476, 477, 486, 489, 520, 531, 716:
		return dest.Refused(err)
	case 451, 462, 421: // the session's fault
		return err
	}
	return dest.One(err)
}

// pace waits until so many lines may be said.
func (n *network) pace(ctx context.Context, lines int) error {
	pace := time.Duration(n.config.Pace)
	for {
		if more := int(time.Since(n.since) / pace); more > 0 {
			n.allowed = min(n.allowed+more, n.config.Burst)
			n.since = n.since.Add(time.Duration(more) * pace)
		}
		if n.allowed >= min(lines, n.config.Burst) {
			n.allowed -= lines // what is more than a burst is owed
			return nil
		}
		select {
		case <-time.After(time.Until(n.since.Add(pace))):
		case <-ctx.Done():
			return fmt.Errorf("waiting for the network %s, which wants no more than a line in %s: %w", n.config.Name, pace, context.Cause(ctx))
		}
	}
}
