package tracker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"busbar/soapbus/soap"
)

// A Query is what bugs have in common. A key may stand several times: either
// of its values will do.
type Query []Pair

// A Pair is one condition.
type Pair struct{ Key, Value string }

// Keys are what bugs can be asked by. status is open, forwarded or done;
// archive is 0 (what it is without), 1 or both; bugs is a number.
var Keys = []string{"package", "src", "maint", "submitter", "severity", "status", "tag", "owner",
	"correspondent", "affects", "bugs", "archive"}

// Bugs returns the numbers of the bugs that fit, sorted. A query must narrow:
// an empty one means every bug, which EveryBug asks for.
func (c *Client) Bugs(ctx context.Context, q Query) ([]int, error) {
	narrow := false
	for _, p := range q {
		if !slices.Contains(Keys, p.Key) {
			return nil, fmt.Errorf("asking for bugs by %q: the tracker knows %s", p.Key, strings.Join(Keys, ", "))
		}
		if p.Value == "" {
			return nil, fmt.Errorf("asking for bugs by %s: it has no value", p.Key)
		}
		narrow = narrow || p.Key != "archive"
	}
	if !narrow {
		return nil, errors.New("asking for bugs: the query would mean every bug; name a package, a maintainer or the like")
	}
	return c.bugs(ctx, q)
}

// EveryBug returns all numbers: archive is 0 for those that are not archived, 1
// or both. The tracker is long about it, and the reply is large.
func (c *Client) EveryBug(ctx context.Context, archive string) ([]int, error) {
	if !slices.Contains([]string{"0", "1", "both"}, archive) {
		return nil, fmt.Errorf("asking for every bug: archive is %q, none of 0, 1, both", archive)
	}
	return c.bugs(ctx, Query{{"archive", archive}})
}

func (c *Client) bugs(ctx context.Context, q Query) (bugs []int, err error) {
	var args []any
	for _, p := range q {
		args = append(args, p.Key, p.Value)
	}
	err = c.ask(ctx, namespace, "get_bugs", args, func(n *soap.Node) error {
		bugs, err = numbers(n)
		return err
	})
	return bugs, err
}

// Newest returns the n highest numbers that were given, sorted. Some may be of
// no bug: spam that was removed.
func (c *Client) Newest(ctx context.Context, n int) (bugs []int, err error) {
	if n < 1 {
		return nil, fmt.Errorf("asking for the newest bugs: %d of them", n)
	}
	err = c.ask(ctx, namespace, "newest_bugs", []any{n}, func(n *soap.Node) error {
		bugs, err = numbers(n)
		return err
	})
	return bugs, err
}

// Usertags returns the bugs of each tag of a user. An unknown user has none.
func (c *Client) Usertags(ctx context.Context, user string) (tags map[string][]int, err error) {
	if user == "" {
		return nil, errors.New("asking for usertags: no user is named")
	}
	err = c.ask(ctx, namespace, "get_usertag", []any{user}, func(n *soap.Node) error {
		tags, err = usertags(n)
		return err
	})
	return tags, err
}

// Source returns the source packages that build a binary package, sorted.
// Newer trackers do not tell the source with a bug.
func (c *Client) Source(ctx context.Context, binary string) (sources []string, err error) {
	if binary == "" {
		return nil, errors.New("asking for a source package: no binary package is named")
	}
	err = c.ask(ctx, namespaceV2, "binary_to_source", []any{"binary", binary, "source_only", 1}, func(n *soap.Node) error {
		rows, err := rows(n)
		for _, row := range rows {
			sources = append(sources, row[0])
		}
		sources = set(sources)
		return err
	})
	return sources, err
}

// usertags reads a hash of arrays. debbugs keeps no tag without bugs.
func usertags(n *soap.Node) (map[string][]int, error) {
	pairs, err := n.Hash()
	if err != nil {
		return nil, err
	}
	tags := map[string][]int{}
	for _, p := range pairs {
		bugs, err := numbers(p.Value)
		if err != nil {
			return nil, fmt.Errorf("usertag %.100q: %w", p.Key, err)
		}
		tags[p.Key] = sorted(append(tags[p.Key], bugs...))
	}
	return tags, nil
}

// rows reads an array of arrays, or of single values; or a hash, as pairs.
func rows(n *soap.Node) ([][]string, error) {
	if n.Type == "Map" {
		return pairs(n)
	}
	items, err := n.Items()
	if err != nil {
		return nil, err
	}
	rows := [][]string{}
	for i, it := range items {
		cells := []*soap.Node{it}
		if len(it.Children) > 0 {
			cells = it.Children
		}
		var row []string
		for _, cell := range cells {
			v, err := text(cell)
			if err != nil {
				return nil, fmt.Errorf("row %d: %w", i+1, err)
			}
			row = append(row, v)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func pairs(n *soap.Node) ([][]string, error) {
	hash, err := n.Hash()
	if err != nil {
		return nil, err
	}
	rows := [][]string{}
	for _, p := range hash {
		v, err := text(p.Value)
		if err != nil {
			return nil, fmt.Errorf("%.100q: %w", p.Key, err)
		}
		rows = append(rows, []string{p.Key, v})
	}
	return rows, nil
}
