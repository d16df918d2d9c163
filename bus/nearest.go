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
		if n := daemon.EditDistance(k.Topic, strings.ToLower(bare)); n < least {
			best, least = k.Topic, n
		}
	}
	return best
}
