package event

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A Kind declares one kind of fact: its topic, what it means, the type of its
// body, and how to say it in one English sentence. Each is declared once, in
// its adapter; the reference page and the JSON Schema are made from it.
type Kind struct {
	// Topic is SERVICE.OBJECT[.SUBOBJECT].EVENT, without prefix and
	// environment.
	Topic string
	// Meaning is one line for the catalogue.
	Meaning string
	// Family is empty, or the name under which [bus] compat switches this
	// kind on ("debmessenger").
	Family string
	// Body is the type of the body, a struct with JSON tags.
	Body reflect.Type

	sentence func(any) string
	link     func(any) string
}

// Define declares a kind whose body is a B. sentence and link must cope with
// any B, also an empty one; link may be nil.
func Define[B any](topic, meaning string, sentence, link func(B) string) *Kind {
	k := &Kind{Topic: topic, Meaning: meaning, Body: reflect.TypeFor[B]()}
	k.sentence = func(v any) string { b, _ := v.(B); return sentence(b) }
	k.link = func(v any) string {
		if link == nil {
			return ""
		}
		b, _ := v.(B)
		return link(b)
	}
	return k
}

// Compat declares k as an old name, published only where [bus] compat names
// the family.
func (k *Kind) Compat(family string) *Kind {
	k.Family = family
	return k
}

// Service is the first part of the topic: who says it.
func (k *Kind) Service() string {
	s, _, _ := strings.Cut(k.Topic, ".")
	return s
}

// Sentence says the fact in one English sentence, on one line and without a
// final stop.
func (k *Kind) Sentence(body any) string {
	return strings.Join(strings.Fields(k.sentence(body)), " ")
}

// Link is where a person may read more, or empty.
func (k *Kind) Link(body any) string { return k.link(body) }

// Decode reads a body from JSON into the kind's type. Unknown members are
// allowed: a newer publisher may say more.
func (k *Kind) Decode(msg []byte) (any, error) {
	v := reflect.New(k.Body)
	if err := json.Unmarshal(msg, v.Interface()); err != nil {
		return nil, fmt.Errorf("decoding the body of %s: %w", k.Topic, err)
	}
	return v.Elem().Interface(), nil
}

func (k *Kind) check(body any) error {
	if reflect.TypeOf(body) != k.Body {
		return fmt.Errorf("checking event %s: the body is a %T, not a %s", k.Topic, body, k.Body)
	}
	return nil
}

// A Catalog is a set of kinds, in the order of declaration.
type Catalog []*Kind

// ByTopic finds the kind of a full topic (PREFIX.ENV.…) or of a bare one.
// Where several fit, the longest wins.
func (c Catalog) ByTopic(topic string) (*Kind, bool) {
	var best *Kind
	for _, k := range c {
		if topic == k.Topic || strings.HasSuffix(topic, "."+k.Topic) {
			if best == nil || len(k.Topic) > len(best.Topic) {
				best = k
			}
		}
	}
	return best, best != nil
}

// Check reports kinds with a bad topic, without a meaning, or declared twice.
func (c Catalog) Check() error {
	var seen []string
	for _, k := range c {
		if err := CheckTopic(k.Topic); err != nil {
			return err
		}
		if k.Meaning == "" {
			return fmt.Errorf("checking kind %s: it has no meaning", k.Topic)
		}
		if slices.Contains(seen, k.Topic) {
			return fmt.Errorf("checking kind %s: it is declared twice", k.Topic)
		}
		seen = append(seen, k.Topic)
	}
	return nil
}
