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
