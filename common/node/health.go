package node

import (
	"context"
	"fmt"
	"strings"
	"time"

	"busbar/common/condition"
	"busbar/common/show"
)

const (
	lookEvery = 10 * time.Second
	// lasting is how long a failure that is tried again may last before it needs a
	// person.
	lasting = 5 * time.Minute
	// jump is how far the clock may be set at once before that is reported.
	jump = 5 * time.Second
	// jumpShown is for how long it is shown.
	jumpShown = time.Hour
)

// own is what the node says of itself each time that it is asked.
func (n *Node) own() []condition.Condition {
	ctx, cancel := context.WithTimeout(context.Background(), metricsPatience)
	defer cancel()
	list := n.looking().conditions(ctx, n.Journal.Reader(), n.now())
	if err := n.Journal.Err(); err != nil {
		list = append(list, condition.Condition{Name: "journal", Level: condition.Fail, Text: err.Error(), Hint: "what waits at the sources stays there, and is tried again"})
	}
	if err := n.Err(); err != nil {
		list = append(list, condition.Condition{Name: "publisher", Level: condition.Fail, Text: "NOT publishing: " + err.Error()})
	}
	if err := n.metrics.unserved(); err != nil {
		list = append(list, condition.Condition{Name: "metrics", Level: condition.Warn, Text: "NO metrics: " + err.Error()})
	}
	return list
}

// Places adds directories whose file systems must not fill up.
func (n *Node) Places(dirs ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.outlook.Places = append(n.outlook.Places, dirs...)
}

// Status is one line for systemctl status: what is wrong first.
func (n *Node) Status() string {
	var parts []string
	for _, c := range n.Conditions.All() {
		switch {
		case c.Name == "publisher", c.Name == "metrics":
			parts = append(parts, c.Text)
		case c.Level == condition.Fail:
			parts = append(parts, "ERROR: "+c.String())
		default:
			parts = append(parts, "warning: "+c.String())
		}
	}
	if text := n.publishing(); text != "" {
		parts = append(parts, text)
	}
	return show.OneLine(strings.Join(parts, "; "))
}

func (n *Node) publishing() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.err != nil:
		return "" // it is a condition
	case n.pub == nil:
		return "keeping messages in the journal"
	}
	s := n.pub.Stats()
	return fmt.Sprintf("publishing to %d subscribers; %d messages sent, %d missed by slow subscribers", s.Subscribers, s.Published, s.Dropped)
}

// lookAround logs what comes and goes of the node's own conditions, which nobody
// else does, and notices when the clock is set.
func (n *Node) lookAround(ctx context.Context) {
	known, old := map[string]bool{}, map[string]bool{}
	before := n.now()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		known = n.logConditions(known)
		old = n.logLasting(old, known)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := n.now()
		n.noteClock(now.Round(0).Sub(before.Round(0))-now.Sub(before), now)
		before = now
	}
}

func (n *Node) logConditions(known map[string]bool) map[string]bool {
	now := map[string]bool{}
	for _, c := range n.own() {
		key := string(c.Level) + " " + c.Name
		if c.Name == "publisher" || c.Name == "metrics" { // they are logged at once
			continue
		}
		if now[key] = true; known[key] {
			continue
		}
		log := n.Log.Warn
		if c.Level == condition.Fail && c.Name != "poison" { // each item was a warning when it came
			log = n.Log.Error
		}
		log("condition raised", "condition", c.Name, "is", c.Text, "hint", c.Hint)
	}
	for key := range known {
		if !now[key] {
			n.Log.Info("condition cleared", "condition", key[len("fail "):])
		}
	}
	return now
}

// logLasting logs failures that last, each once: a warning said that they are tried
// again. known are the conditions that were errors at once.
func (n *Node) logLasting(old, known map[string]bool) map[string]bool {
	now := map[string]bool{}
	for _, c := range n.Conditions.All() {
		logged := known[string(c.Level)+" "+c.Name] // poison, too: each item was a warning
		if c.Level != condition.Fail || logged || n.now().Sub(c.Since) < lasting {
			continue
		}
		now[c.Name] = true
		if !old[c.Name] {
			n.Log.Error("condition lasts", "condition", c.Name, "since", c.Since, "is", c.Text, "hint", c.Hint)
		}
	}
	return now
}

// noteClock gets by how much the clock that people set went further, between
// two looks, than the one that only runs on.
func (n *Node) noteClock(by time.Duration, now time.Time) {
	if by.Abs() > jump {
		n.Log.Warn("clock jumped: it was set, or the machine slept", "by", by.Round(time.Second))
		n.Conditions.Clear("clock set")
		n.Conditions.Raise(condition.Condition{
			Name: "clock set", Level: condition.Warn, Since: now,
			Text: fmt.Sprintf("the clock jumped by %s, or this machine slept: times of messages before and after do not compare", by.Round(time.Second)),
		})
		n.jumped = now
		return
	}
	if !n.jumped.IsZero() && now.Sub(n.jumped) > jumpShown {
		n.Conditions.Clear("clock set")
		n.jumped = time.Time{}
	}
}
