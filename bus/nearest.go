package main

import (
	"strings"

	"busbar/common/daemon"
	"busbar/common/event"
)

// nearest is the known topic that is most like one that is wanted and that no
// kind has; empty where there is nothing to say. Topics of tables, and those of
// publishers that are not ours, are unknown, too.
func nearest(known event.Catalog, bus daemon.BusConfig, want string) string {
	bare := strings.TrimSuffix(strings.TrimSuffix(want, "*"), ".")
	if rest, ours := strings.CutPrefix(bare, bus.Prefix+"."); ours {
		_, bare, _ = strings.Cut(rest, ".")
	}
	best, least := "", 1<<30
	for _, k := range known {
		if under(k.Topic, bare) {
			return ""
		}
		if n := distance(k.Topic, strings.ToLower(bare)); n < least {
			best, least = k.Topic, n
		}
	}
	return best
}

// distance is how many characters must be put in, taken out or changed. Of a
// long text the beginning is enough.
func distance(a, b string) int {
	if len(b) > 200 {
		b = b[:200]
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
