package filter

import (
	"strings"

	"busbar/bus/kinds"
	"busbar/common/config"
	"busbar/common/event"
)

// Nearest is the known topic that is most like one that is wanted and that no
// kind has; empty where there is nothing to say. Topics of tables, and those of
// publishers that are not ours, are unknown, too.
func Nearest(prefix, want string) string {
	want = event.BareTopic(prefix, strings.TrimSuffix(strings.TrimSuffix(want, "*"), "."))
	best, least := "", 1<<30
	for _, k := range kinds.All() {
		if event.TopicUnder(prefix, k.Topic, want) {
			return ""
		}
		if n := config.EditDistance(k.Topic, strings.ToLower(want)); n < least {
			best, least = k.Topic, n
		}
	}
	return best
}
