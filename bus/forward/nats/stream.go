package nats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// stream makes sure that there is one.
func (s *Sink) stream(ctx context.Context, c client) (*jetstream.StreamInfo, error) {
	info, err := c.info(ctx, false)
	if errors.Is(err, errNoStream) && s.Create {
		var api *jetstream.APIError
		if _, err = c.create(ctx, s.Stream); err == nil {
			s.log().Info("the stream is made", "stream", s.Stream.Name, "subjects", s.Stream.Subjects, "replicas", s.Stream.Replicas)
		} else if !errors.As(err, &api) || api.ErrorCode != codeNameInUse {
			return nil, fmt.Errorf("making the stream %s: %w", s.Stream.Name, explain(err))
		}
		info, err = c.info(ctx, false)
	}
	if err != nil {
		return nil, fmt.Errorf("looking at the stream %s: %w", s.Stream.Name, explain(err))
	}
	if err := usable(info.Config); err != nil {
		return nil, err
	}
	return info, nil
}

// usable says why nothing can be published into a stream.
func usable(c jetstream.StreamConfig) error {
	switch {
	case c.Mirror != nil:
		return fmt.Errorf("the stream %s is a mirror, into which nothing can be published (forward into the one that it mirrors, or another)", c.Name)
	case c.Sealed:
		return fmt.Errorf("the stream %s is sealed: nothing more goes into it (use another)", c.Name)
	case c.NoAck:
		return fmt.Errorf("the stream %s acknowledges nothing (no_ack), so that nobody knows what it has (use another)", c.Name)
	}
	return nil
}

// differences are what of a stream that is there is not as it would be made, and what
// of that a person should know.
func (s *Sink) differences(c jetstream.StreamConfig) []string {
	var list []string
	differs := func(what string, is, want any) {
		if fmt.Sprint(is) != fmt.Sprint(want) {
			list = append(list, fmt.Sprintf("%s is %v, and not %v as configured", what, is, want))
		}
	}
	differs("subjects", slices.Sorted(slices.Values(c.Subjects)), slices.Sorted(slices.Values(s.Stream.Subjects)))
	differs("storage", c.Storage, s.Stream.Storage)
	differs("replicas", c.Replicas, s.Stream.Replicas)
	differs("max_age", c.MaxAge, s.Stream.MaxAge)
	differs("max_bytes", max(c.MaxBytes, 0), max(s.Stream.MaxBytes, 0))
	if c.Retention != jetstream.LimitsPolicy {
		list = append(list, "messages leave it when they are consumed: what leaves it while it is not known here that it was stored may be stored again, once duplicate_window has passed")
	}
	return list
}

// valid says why a topic cannot be a subject
// (https://docs.nats.io/nats-concepts/subjects): nil if it can.
func valid(topic string) error {
	switch {
	case topic == "":
		return errors.New("its topic is empty")
	case strings.HasPrefix(topic, "$") || strings.HasPrefix(topic, "_INBOX."):
		return fmt.Errorf("its topic %.100q is of NATS's own", topic)
	case strings.ContainsAny(topic, "*>") || strings.ContainsFunc(topic, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return fmt.Errorf("its topic %.100q has characters that no subject has", topic)
	}
	if slices.Contains(strings.Split(topic, "."), "") {
		return fmt.Errorf("its topic %.100q has an empty part", topic)
	}
	return nil
}

// covers says whether one of a stream's subjects, with * and >, takes a subject.
func covers(subjects []string, subject string) bool {
	parts := strings.Split(subject, ".")
	return slices.ContainsFunc(subjects, func(pattern string) bool {
		want := strings.Split(pattern, ".")
		for i, w := range want {
			if w == ">" {
				return i < len(parts)
			}
			if i >= len(parts) || w != "*" && w != parts[i] {
				return false
			}
		}
		return len(want) == len(parts)
	})
}
