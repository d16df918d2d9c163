package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"busbar/adapters/debbugs"
	"busbar/common/runes"
	"busbar/soapbus/soap"
)

// maxBody bounds the text of a message, in bytes.
const maxBody = 64 << 10

// Log returns the messages that a bug's log holds, oldest first. A bug that
// does not exist is a *soap.Fault.
func (c *Client) Log(ctx context.Context, bug int) (entries []debbugs.Entry, err error) {
	if bug < 1 {
		return nil, fmt.Errorf("asking for the log of bug %d: numbers begin with 1", bug)
	}
	err = c.ask(ctx, namespace, "get_bug_log", []any{bug}, func(n *soap.Node) error {
		if entries, err = messages(n); err != nil {
			return fmt.Errorf("bug %d: %w", bug, err)
		}
		return nil
	})
	return entries, err
}

// messages reads an array of hashes.
func messages(n *soap.Node) ([]debbugs.Entry, error) {
	items, err := n.Items()
	if err != nil {
		return nil, err
	}
	entries := make([]debbugs.Entry, 0, len(items))
	for i, it := range items {
		e, err := message(it)
		if err != nil {
			return nil, fmt.Errorf("message %d of the log: %w", i+1, err)
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b debbugs.Entry) int { return a.Number - b.Number })
	return entries, nil
}

func message(n *soap.Node) (e debbugs.Entry, err error) {
	pairs, err := n.Hash()
	if err != nil {
		return e, err
	}
	for _, p := range pairs {
		switch p.Key {
		case "msg_num":
			var v string
			if v, err = p.Value.Value(); err == nil {
				e.Number, err = bugNumber(v) // counted as bugs are
			}
		case "header":
			e.Header, err = p.Value.Bytes()
		case "body":
			var b []byte
			b, err = p.Value.Bytes()
			if e.Body, e.Cut = body(b); e.Body != string(b) {
				e.Sum = debbugs.TextSum(string(b))
			}
		}
		if err != nil {
			return e, fmt.Errorf("field %s: %w", p.Key, err)
		}
	}
	if e.Number == 0 || e.Header == nil {
		return e, fmt.Errorf("%w: a message's msg_num and header were expected", soap.ErrShape)
	}
	return e, nil
}

// body makes text of bytes, whole characters only, and reports whether anything
// was left out.
func body(b []byte) (s string, cut bool) {
	if len(b) > maxBody {
		b, cut = b[:maxBody], true
	}
	s = visible(string([]rune(string(b))), "\t\n\r")
	if cut {
		s = strings.TrimRight(s, "\uFFFD") // the last character may be half
	}
	s, more := runes.Cut(s, maxBody)
	return s, cut || more
}
