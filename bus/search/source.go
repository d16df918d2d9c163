package search

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"busbar/bus/ask"
	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/sign"
)

// A source finds messages.
type source interface {
	// find hands over what a question finds, at most limit; 0: all.
	find(ctx context.Context, question string, oldest bool, limit int, hand func(wire []byte) error) error
	close() error
}

// A file is an archive on this machine.
type file struct {
	*archive.Reader
	prefix string
}

func (f file) find(ctx context.Context, question string, oldest bool, limit int, hand func([]byte) error) error {
	q, err := archive.ParseQuery(question)
	if err != nil {
		return err
	}
	q.Prefix, q.NewestFirst = f.prefix, !oldest
	for left := limit; ; {
		if q.Limit = 0; limit > 0 {
			q.Limit = min(left, 1000)
		}
		page, err := f.Find(ctx, q)
		if err != nil {
			return err
		}
		for _, m := range page.Messages {
			if err := hand(m.Wire); err != nil {
				return err
			}
			left--
		}
		if page.Cut && (page.Next == 0 || page.Next == q.After) {
			return fmt.Errorf("%w: it takes too long: ask for less", archive.ErrQuery)
		}
		if page.Next == 0 || limit > 0 && left <= 0 {
			return nil
		}
		q.After = page.Next
	}
}

func (f file) close() error { return f.Reader.Close() }

// A hub is asked by HTTP (docs/howto/pages.md).
type hub struct{ *ask.Hub }

func openHub(where string) (hub, error) {
	h, err := ask.Open(where, 0)
	if err != nil {
		return hub{}, err
	}
	return hub{h}, nil
}

func (h hub) find(ctx context.Context, question string, oldest bool, limit int, hand func([]byte) error) error {
	const page = 1000
	args := url.Values{"q": {question}, "format": {"ndjson"}, "order": {map[bool]string{false: "newest", true: "oldest"}[oldest]}}
	for left := limit; ; {
		if limit > 0 {
			args.Set("limit", strconv.Itoa(min(left, page)))
		}
		n := 0
		err := h.Lines(ctx, "search", args, func(line []byte) error {
			n++
			_, e, err := event.ParseMessage(line)
			if err != nil {
				return fmt.Errorf("%w: its answer has a line that is no message: %w", ask.ErrNoHub, err)
			}
			args.Set("after", e.MsgID)
			return hand(line)
		})
		if left -= n; err != nil || limit == 0 || left <= 0 || n == 0 {
			return refused(err)
		}
	}
}

// refused makes the language's own error of a question that the hub refuses.
func refused(err error) error {
	if r := (*ask.Refusal)(nil); errors.As(err, &r) && r.Code == http.StatusBadRequest && r.Text != "" {
		return fmt.Errorf("%w: %s", archive.ErrQuery, strings.TrimPrefix(r.Text, archive.ErrQuery.Error()+": "))
	}
	return err
}

func (h hub) close() error { h.Hub.Close(); return nil }

// A reader reads and verifies what a source finds.
type reader struct {
	verifier *sign.Verifier // nil: nothing is verified
	refused  func(e event.Envelope, reason string)
	n        int // messages that were refused
}

// read gives a message; false where it is not to be believed.
func (r *reader) read(wire []byte) (map[string]any, event.Envelope, bool) {
	tree, e, err := event.ParseMessage(wire)
	if err == nil && r.verifier != nil {
		if v := r.verifier.VerifySaid(tree, e.Timestamp); !v.OK {
			err = errors.New(v.Reason)
		}
	}
	if err != nil {
		r.n++
		r.refused(e, err.Error())
		return nil, e, false
	}
	return tree, e, true
}
