package event

import (
	"fmt"
	"strings"
)

// MaxTopic bounds a full topic, in bytes; AMQP's routing keys have 255.
const MaxTopic = 1 << 10

// CheckTopic reports why a bare topic breaks the grammar
// SERVICE.OBJECT[.SUBOBJECT].EVENT: three or four parts of [a-z0-9-]. A missing
// part is an error, never a shorter topic.
func CheckTopic(topic string) error {
	parts := strings.Split(topic, ".")
	if len(parts) < 3 || len(parts) > 4 {
		return fmt.Errorf("checking topic %q: it has %d parts, not service.object[.subobject].event", topic, len(parts))
	}
	return checkParts(topic, parts)
}

// CheckPrefix reports why prefix cannot stand before a topic. It is one or more
// parts of [a-z0-9-], such as "org.debian".
func CheckPrefix(prefix string) error {
	return checkParts(prefix, strings.Split(prefix, "."))
}

func checkParts(whole string, parts []string) error {
	for _, p := range parts {
		if p == "" {
			return fmt.Errorf("checking topic %q: it has an empty part", whole)
		}
		for _, r := range p {
			if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-') {
				return fmt.Errorf("checking topic %q: %q may not hold %q (only a-z, 0-9 and -)", whole, p, r)
			}
		}
	}
	return nil
}

// JoinTopic builds the full topic as fedmsg does (reference: fedmsg's publish):
// a topic that already begins with the prefix is left alone.
func JoinTopic(prefix, environment, topic string) string {
	if strings.HasPrefix(topic, prefix) {
		return topic
	}
	return prefix + "." + environment + "." + topic
}

// TopicUnder reports whether a full topic is want or begins with it, in whole
// parts: "debbugs.bug" takes debbugs.bug.create, not debbugs.bugzilla.create. On a
// bus of prefix, want may leave out prefix and environment; it may end in ".*".
func TopicUnder(prefix, topic, want string) bool {
	want = strings.TrimSuffix(strings.TrimSuffix(want, "*"), ".")
	return under(topic, want) || under(BareTopic(prefix, topic), want)
}

// BareTopic is a topic without prefix and environment; one with another prefix is
// left alone.
func BareTopic(prefix, topic string) string {
	rest, ours := strings.CutPrefix(topic, prefix+".")
	if !ours {
		return topic
	}
	_, rest, _ = strings.Cut(rest, ".") // the environment, whichever
	return rest
}

func under(topic, want string) bool {
	rest, ok := strings.CutPrefix(topic, want)
	return ok && (want == "" || rest == "" || rest[0] == '.')
}
