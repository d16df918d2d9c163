package tracker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"busbar/adapters/debbugs"
	"busbar/soapbus/soap"
)

// MaxStatus is how many bugs one request asks for: more take the tracker too long.
const MaxStatus = 500

// A BrokenError names the bugs whose records cannot be read. What came with it
// is good.
type BrokenError struct {
	Bugs map[int]error
}

func (e *BrokenError) Error() string {
	bugs := slices.Sorted(maps.Keys(e.Bugs))
	text := fmt.Sprintf("the records of %d bugs cannot be read; bug %d: %v", len(bugs), bugs[0], e.Bugs[bugs[0]])
	if len(bugs) == 1 {
		text = fmt.Sprintf("the record of bug %d cannot be read: %v", bugs[0], e.Bugs[bugs[0]])
	}
	return text
}

// Status returns how bugs are, archived ones too. It asks once for each
// MaxStatus bugs; if that fails on the way, what came before is returned with
// the error. A bug that is in neither the map nor a *BrokenError does not exist.
func (c *Client) Status(ctx context.Context, bugs []int) (map[int]debbugs.Status, error) {
	found := map[int]debbugs.Status{}
	broken := map[int]error{}
	asked := map[int]bool{}
	for _, bug := range bugs {
		if bug < 1 {
			return found, fmt.Errorf("asking for the status of bug %d: numbers begin with 1", bug)
		}
		asked[bug] = true
	}
	for some := range slices.Chunk(sorted(slices.Clone(bugs)), MaxStatus) {
		var args []any
		for _, bug := range some {
			args = append(args, bug)
		}
		err := c.ask(ctx, namespace, "get_status", args, func(n *soap.Node) error {
			list, bad, err := statuses(n)
			for _, s := range list {
				if !asked[s.Bug] {
					return fmt.Errorf("%w: it tells of bug %d, which was not asked for", soap.ErrShape, s.Bug)
				}
				found[s.Bug] = s
			}
			maps.Copy(broken, bad)
			return err
		})
		if err != nil {
			return found, err
		}
	}
	if len(broken) > 0 {
		return found, &BrokenError{broken}
	}
	return found, nil
}

// statuses reads a hash of bugs, sorted, and what is wrong with which.
func statuses(n *soap.Node) ([]debbugs.Status, map[int]error, error) {
	pairs, err := n.Hash()
	if err != nil {
		return nil, nil, err
	}
	list := make([]debbugs.Status, 0, len(pairs))
	broken := map[int]error{}
	for _, p := range pairs {
		bug, err := bugNumber(p.Key)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the key of a status: %w", err)
		}
		s, err := status(bug, p.Value)
		if err != nil {
			broken[bug] = err
			continue
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b debbugs.Status) int { return a.Bug - b.Bug })
	return list, broken, nil
}

func status(bug int, n *soap.Node) (debbugs.Status, error) {
	pairs, err := n.Hash()
	if err != nil {
		return debbugs.Status{}, err
	}
	if len(pairs) == 0 {
		return debbugs.Status{}, fmt.Errorf("%w: it is empty", soap.ErrShape)
	}
	r := record{fields: make(map[string]*soap.Node, len(pairs))}
	for _, p := range pairs {
		r.fields[p.Key] = p.Value
	}
	for _, field := range []string{"bug_num", "id"} {
		if said := r.number(field); said != 0 && said != int64(bug) {
			return debbugs.Status{}, fmt.Errorf("%w: its %s is %d", soap.ErrShape, field, said)
		}
	}
	s := debbugs.Status{
		Bug:       bug,
		Packages:  r.written("package"),
		Source:    strings.Join(r.written("source"), " "),
		Title:     r.text("subject"),
		Submitter: r.text("originator"),
		MessageID: debbugs.IDIn(r.raw("msgid")),
		Date:      r.number("date"),

		Severity:   r.text("severity"),
		Tags:       r.words("tags", "keywords"),
		Done:       r.text("done"),
		Forwarded:  r.text("forwarded"),
		Owner:      r.text("owner"),
		Found:      r.versions("found_versions", "found"),
		Fixed:      r.versions("fixed_versions", "fixed"),
		Merged:     r.numbers("mergedwith"),
		Blocks:     r.numbers("blocks"),
		BlockedBy:  r.numbers("blockedby"),
		Affects:    r.words("affects"),
		Summary:    r.text("summary"),
		Outlook:    r.text("outlook"),
		Archived:   r.number("archived") != 0 || r.text("location") == "archive",
		Unarchived: r.number("unarchived"),

		LogModified:  r.number("log_modified"),
		LastModified: r.number("last_modified"),
	}
	return s, r.err
}
