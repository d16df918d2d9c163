package archive

import (
	"database/sql"
	"strings"
	"time"

	"busbar/common/event"
)

// Kinds of things whose newest state is kept.
const (
	StateBug    = "bug"    // key: its number
	StateBuild  = "build"  // key: SUITE/ARCHITECTURE/PACKAGE
	StateUpload = "upload" // key: SUITE/PACKAGE of a source, SUITE/ARCHITECTURE/PACKAGE of binaries
	StateRef    = "ref"    // key: REPOSITORY, a blank, and the ref's full name
)

// A State is the newest that is known of a thing.
type State struct {
	Kind, Key string
	N         int64     // the message that said it last
	Time      time.Time // when that happened, by its source if it says so
	// Value is a JSON object of what the messages said that is still so, and:
	//   event:  the last one's topic from the service on
	//   status: of a bug: open, done, archived or deleted; of a ref: deleted or empty
	Value string
}

const maxStates = 256 // of one message

// A change is what a message says of a thing.
type change struct {
	kind, key string
	members   []string // the body's members that are of the thing itself
	status    string   // empty: as it was
}

// bugStatus is what a bug is after an event.
var bugStatus = map[string]string{
	"create": "open", "reopen": "open", "close": "done", "archive": "archived", "unarchive": "done", "delete": "deleted",
}

var (
	bugMembers   = []string{"package", "packages", "source", "severity", "tags", "url"}
	buildMembers = []string{"package", "version", "suite", "architecture", "state", "builder", "notes", "changed", "reason", "category", "url"}
	fileMembers  = []string{"package", "version", "source_version", "architecture", "urgency", "maintainer", "changed_by", "distribution", "date", "url"}
	refMembers   = []string{"repository", "system", "ref", "branch", "tag", "bookmark", "before", "after", "person", "time", "url"}
)

// changesOf says of which things a message tells a new state.
func changesOf(topic []string, msg map[string]any) []change {
	text := func(k string) string { s, _ := msg[k].(string); return s }
	service, object, verb := topic[0], topic[1], topic[len(topic)-1]
	switch {
	case service == "debbugs" && object == "bug":
		bug, _ := msg["bug"].(event.Int)
		if bug == "" {
			return nil
		}
		members := bugMembers
		if verb != "comment" { // whose title is the subject of a mail
			members = append([]string{"title"}, members...)
		}
		return []change{{kind: StateBug, key: string(bug), members: members, status: bugStatus[verb]}}
	case service == "wannabuild" && text("package") != "" && text("suite") != "" && text("state") != "":
		return []change{{kind: StateBuild, key: text("suite") + "/" + text("architecture") + "/" + text("package"), members: buildMembers}}
	case service == "dak" && verb == "accept" && text("package") != "":
		return uploadsOf(object, msg)
	case object == "branch" || object == "tag" || object == "ref" || object == "bookmark":
		if text("repository") == "" || text("ref") == "" {
			return nil
		}
		c := change{kind: StateRef, key: text("repository") + " " + text("ref"), members: refMembers, status: "-"}
		if text("after") == "" {
			c.status = "deleted"
		}
		return []change{c}
	}
	return nil
}

func uploadsOf(object string, msg map[string]any) (list []change) {
	pkg, _ := msg["package"].(string)
	for _, suite := range texts(msg["suite"]) {
		if object == "source" {
			list = append(list, change{kind: StateUpload, key: suite + "/" + pkg, members: fileMembers})
			continue
		}
		for _, architecture := range texts(msg["architecture"]) {
			list = append(list, change{kind: StateUpload, key: suite + "/" + architecture + "/" + pkg, members: fileMembers})
		}
	}
	return list[:min(len(list), maxStates)]
}

func texts(v any) (list []string) {
	items, _ := v.([]any)
	for _, x := range items {
		if s, ok := x.(string); ok && s != "" {
			list = append(list, s)
		}
	}
	return list
}

// serviceTopic is a topic from its service on: what follows prefix and
// environment, of which only the lengths of topics tell (see event.CheckTopic).
func serviceTopic(topic string) []string {
	parts := strings.Split(topic, ".")
	for _, service := range []string{"debbugs", "wannabuild", "dak"} {
		for i := max(0, len(parts)-4); i <= len(parts)-3; i++ {
			if parts[i] == service {
				return parts[i:]
			}
		}
	}
	if len(parts) < 3 {
		return nil
	}
	return parts[len(parts)-3:]
}

// state stores what a message says of things. What another publisher says of an
// earlier time changes nothing.
func (x *indexer) state(n int64, sequence any, e event.Envelope) {
	msg, _ := e.Msg.(map[string]any)
	topic := serviceTopic(e.Topic)
	if msg == nil || topic == nil {
		return
	}
	for _, c := range changesOf(topic, msg) {
		if len(c.key) <= maxNameLength {
			x.change(c, n, sequence, strings.Join(topic, "."), e, msg)
		}
	}
}

func (x *indexer) change(c change, n int64, sequence any, topic string, e event.Envelope, msg map[string]any) {
	at := e.Timestamp
	if t, err := time.Parse(time.RFC3339, e.EventTime); err == nil {
		at = t.Unix()
	}
	value := map[string]any{}
	var before int64
	var from sql.NullInt64
	var text string
	if x.t.get("SELECT time, sequence, value FROM "+x.states+" WHERE kind = ? AND key = ?", []any{c.kind, c.key}, &before, &from, &text) {
		same := from.Valid && sequence == from.Int64
		if at < before && !same {
			return
		}
		if v, err := event.Parse([]byte(text)); err == nil {
			value, _ = v.(map[string]any)
		}
	}
	c.merge(value, msg)
	value["event"] = topic
	encoded, err := event.Canonical(value)
	if err != nil {
		return // no body that was parsed has such a member
	}
	x.t.run("INSERT OR REPLACE INTO "+x.states+" VALUES (?, ?, ?, ?, ?, ?)", c.kind, c.key, n, at, sequence, string(encoded))
}

// maxMember bounds a member of a state, in canonical form.
const maxMember = 1 << 10

func (c change) merge(value, msg map[string]any) {
	for _, k := range c.members {
		v, ok := msg[k]
		if c.kind != StateBug {
			delete(value, k) // the message says all there is
		}
		if !ok {
			continue
		}
		if b, err := event.Canonical(v); err == nil && len(b) <= maxMember {
			value[k] = v
		} else {
			delete(value, k) // what it was is wrong now
		}
	}
	switch c.status {
	case "":
	case "-":
		delete(value, "status")
	default:
		value["status"] = c.status
	}
}
