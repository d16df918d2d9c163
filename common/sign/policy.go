package sign

import (
	"fmt"
	"slices"
	"strings"
)

// A Policy says who may say what (fedmsg's routing_policy).
type Policy struct {
	// Topics maps a full topic to the names that may say it: common names of
	// certificates; names of OpenPGP keys, or their fingerprints, after "gpg:". A key
	// that ends in ".*" holds for all topics below it; an exact key goes
	// before it, and a longer one before a shorter.
	Topics map[string][]string
	// Nitpicky refuses topics that Topics does not name; else anyone with a
	// certificate may say them.
	Nitpicky bool
}

// Check reports a key that could never match as its writer meant.
func (p Policy) Check() error {
	for topic := range p.Topics {
		if bare := strings.TrimSuffix(topic, ".*"); bare == "" || strings.Contains(bare, "*") {
			return fmt.Errorf("checking the policy: topic %q is neither a full topic nor a prefix that ends in \".*\"", topic)
		}
	}
	return nil
}

// allow returns why who goes by these names may not say topic, or empty. One of them
// will do; the first is the one that people know.
func (p Policy) allow(topic string, as ...string) string {
	names, listed := p.names(topic)
	switch {
	case listed && slices.ContainsFunc(as, func(name string) bool { return slices.Contains(names, name) }):
		return ""
	case listed:
		return fmt.Sprintf("the policy does not let %s say %s", as[0], topic)
	case p.Nitpicky:
		return fmt.Sprintf("the policy does not name the topic %q", topic)
	}
	return ""
}

func (p Policy) names(topic string) ([]string, bool) {
	if names, ok := p.Topics[topic]; ok {
		return names, true
	}
	for at := strings.LastIndexByte(topic, '.'); at > 0; at = strings.LastIndexByte(topic[:at], '.') {
		if names, ok := p.Topics[topic[:at]+".*"]; ok {
			return names, true
		}
	}
	return nil, false
}
