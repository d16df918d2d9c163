package rule

import (
	"strings"

	"busbar/common/archive"
)

// A Key is one thing by which events and filters find each other.
type Key struct {
	Of    KeyKind
	Value string
}

// A KeyKind is what a Key is of. Rarer ones are higher: a filter is found by the highest
// that it has.
type KeyKind int

// The kinds of keys.
const (
	BySeverity KeyKind = iota + 1
	ByArchitecture
	BySuite
	ByKeyword
	ByCategory
	ByPublisher
	ByTopic // without prefix and environment, or with; also of a topic's first parts
	ByAgent
	ByWord
	ByList
	ByPackage
	ByPerson // an address
	ByReport // a person's key: a bug that they reported
	ByBug
)

var keyKinds = map[archive.Kind]KeyKind{
	0: ByKeyword, archive.Severity: BySeverity, archive.Architecture: ByArchitecture, archive.Suite: BySuite, archive.Category: ByCategory, archive.Publisher: ByPublisher,
	archive.Agent: ByAgent, archive.List: ByList, archive.Package: ByPackage, archive.Bug: ByBug,
}

// Keys are such that every event that the filter takes for the person has one of them.
// ok is false where there are none: then it must be asked about each event.
func (f *Filter) Keys(p *Person) (keys []Key, ok bool) {
	best := KeyKind(0)
	offer := func(of KeyKind, values ...string) {
		if of <= best && ok {
			return
		}
		best, ok, keys = of, true, nil
		for _, v := range values {
			keys = append(keys, Key{of, v})
		}
	}
	if f.never {
		return nil, true
	}
	for _, one := range f.is {
		if one.not {
			continue
		}
		of := keyKinds[one.kind]
		if of > best || !ok {
			list := make([]string, 0, len(one.values))
			for v := range one.values {
				list = append(list, v)
			}
			offer(of, list...)
		}
	}
	if f.me.wanted && !f.me.not {
		offer(ByPerson, p.Addresses...)
	}
	if f.reported.wanted && !f.reported.not {
		offer(ByReport, p.Key)
	}
	for _, c := range f.query.Conditions {
		if c.Kind != archive.Topic || c.Not {
			continue
		}
		var topics []string
		for _, v := range c.Values {
			topics = append(topics, strings.TrimSuffix(strings.TrimSuffix(v, "*"), "."))
		}
		offer(ByTopic, topics...)
	}
	for _, text := range f.query.Words {
		if words := archive.WordsIn(text); !strings.HasSuffix(text, "*") && len(words) > 0 {
			offer(ByWord, words[0])
		} else if len(words) > 1 {
			offer(ByWord, words[0])
		}
	}
	return keys, ok
}

// EachKey gives the keys of an event, but those by which nobody is found (wants) and that
// cost something to gather. reporters are the persons who reported one of its bugs.
func (ev *Event) EachKey(wants func(KeyKind) bool, reporters []string, yield func(Key)) {
	each := func(of KeyKind, values []string) {
		for _, v := range values {
			yield(Key{of, v})
		}
	}
	yield(Key{ByKeyword, ev.Keyword})
	for kind, of := range keyKinds {
		if kind != 0 && wants(of) {
			each(of, ev.valuesOf(kind))
		}
	}
	each(ByPerson, ev.People)
	each(ByReport, reporters)
	if wants(ByTopic) {
		yield(Key{ByTopic, ""}) // topic:*
		heads(ev.Envelope.Topic, yield)
		if ev.Bare != ev.Envelope.Topic {
			heads(ev.Bare, yield)
		}
	}
	if wants(ByWord) {
		each(ByWord, ev.Subject.Words())
	}
}

// heads are a topic's first parts, and it itself.
func heads(topic string, yield func(Key)) {
	for i := range len(topic) {
		if topic[i] == '.' {
			yield(Key{ByTopic, topic[:i]})
		}
	}
	yield(Key{ByTopic, topic})
}
