package filter

import (
	"io"
	"strings"

	"busbar/bus/kinds"
	"busbar/common/config"
	"busbar/common/event"
	"busbar/common/show"
)

// Hint says of each topic that no known kind has which one is most like it.
func (f Filter) Hint(w io.Writer, prefix string) {
	for _, topic := range f.Topic {
		if near := Nearest(prefix, topic); near != "" {
			show.Fprintf(w, "bus: no kind of event that is known here has the topic %s; the nearest is %s (bus catalog lists all); it is followed all the same\n", topic, near)
		}
	}
}

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
