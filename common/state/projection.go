package state

import (
	"fmt"
	"slices"
	"strings"

	"busbar/common/event"
)

// A Projection says what messages say of the things of one kind.
type Projection struct {
	Kind    string // of the things, such as bug
	Plural  string // in addresses and views, such as bugs
	Meaning string // one line for the reference page
	Key     string // what names a thing, for people: SUITE/PACKAGE
	Version int    // raised with each change of the rules: states are made again then

	// InSequence says that a publisher's numbers tell which of its messages is newer,
	// whatever their times are: for sources whose times go back. Otherwise times do.
	InSequence bool

	// Topics are those of the messages that Of is asked about, from the service on. A
	// first part * is any service.
	Topics  []string
	Members []Member
	// Of gives the changes that a message says; topic is one of Topics, with its
	// service. It copes with any body.
	Of func(topic string, body map[string]any) []Change
}

// A Member is one of those that the things of a kind may have.
type Member struct {
	Name string
	Doc  string
	List bool // a list whose elements come and go one by one
}

// A Change is what one message says of one thing. Values are as event.Parse gives them.
type Change struct {
	Key string
	// Set gives members a value; a list gets these elements and no others. An empty text
	// says that it has none; nil that what it was is no longer so, and is not known.
	Set map[string]any
	// Add and Remove are elements of lists: texts and whole numbers.
	Add, Remove map[string][]any
	// Whole says that Set is all that is so now: of other members nothing is known.
	Whole bool
	// Weak says that the message tells this by the way, as it was when it was sent: what
	// others say of the same second is newer.
	Weak bool
	// Gone says that the thing is no more. A thing of which something newer says
	// that it is not (a Whole, or Set of its member gone) is there again.
	Gone bool
}

// Members that each thing has.
const (
	Event = "event" // the topic of the message that changed it last, from the service on
	Gone  = "gone"  // true: the thing is no more
)

// A Table is the projections by what they are asked about.
type Table struct {
	projections []Projection
	topics      map[string][]int // in projections
}

const maxChanges = 256 // of one message

// NewTable checks projections, and joins them.
func NewTable(list ...Projection) (*Table, error) {
	t := &Table{projections: list, topics: map[string][]int{}}
	kinds := map[string]bool{}
	for i, p := range list {
		if p.Kind == "" || p.Plural == "" || p.Of == nil || p.Version < 1 || len(p.Topics) == 0 || kinds[p.Kind] || kinds[p.Plural] {
			return nil, fmt.Errorf("checking the projection of %q: it is not whole, or there twice", p.Kind)
		}
		kinds[p.Kind], kinds[p.Plural] = true, true
		for _, m := range p.Members {
			if !plainName(m.Name) || m.Name == Event || m.Name == Gone || m.List && p.InSequence {
				return nil, fmt.Errorf("checking the projection of %q: %q is no member that it can have", p.Kind, m.Name)
			}
		}
		for _, topic := range p.Topics {
			t.topics[topic] = append(t.topics[topic], i)
		}
	}
	return t, nil
}

func plainName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// Projections are those of the table, in order.
func (t *Table) Projections() []Projection {
	if t == nil {
		return nil
	}
	return t.projections
}

// ByPlural is the projection with that name in addresses.
func (t *Table) ByPlural(name string) (Projection, bool) {
	i := slices.IndexFunc(t.Projections(), func(p Projection) bool { return p.Plural == name })
	if i < 0 {
		return Projection{}, false
	}
	return t.projections[i], true
}

// ByKind is the projection of a kind.
func (t *Table) ByKind(kind string) (Projection, bool) {
	i := slices.IndexFunc(t.Projections(), func(p Projection) bool { return p.Kind == kind })
	if i < 0 {
		return Projection{}, false
	}
	return t.projections[i], true
}

// Version names the rules: states that other rules made are to be made again.
func (t *Table) Version() string {
	var all []string
	for _, p := range t.Projections() {
		all = append(all, fmt.Sprintf("%s/%d", p.Kind, p.Version))
	}
	return strings.Join(all, " ")
}

// An Update is a change of a thing of a kind, by one message.
type Update struct {
	Kind       string
	InSequence bool
	Topic      string // from the service on
	Change
}

// Updates is what a message says of things, at most 256 of them.
func (t *Table) Updates(e event.Envelope) (list []Update) {
	body, ok := e.Msg.(map[string]any)
	if t == nil || !ok {
		return nil
	}
	topic, which := t.find(e.Topic)
	for _, i := range which {
		p := t.projections[i]
		for _, c := range p.Of(topic, body) {
			if c.Key != "" && len(c.Key) <= maxKey && len(list) < maxChanges {
				list = append(list, Update{p.Kind, p.InSequence, topic, c})
			}
		}
	}
	return list
}

const maxKey = 1 << 10

// find is a topic from its service on, as the projections name it: the longest that
// fits. What stands before it is prefix and environment.
func (t *Table) find(topic string) (string, []int) {
	for rest := topic; ; {
		if which := t.topics[rest]; which != nil {
			return rest, which
		}
		service, more, found := strings.Cut(rest, ".")
		if !found {
			return "", nil
		}
		if which := t.topics["*."+more]; which != nil && service != "" {
			return rest, which
		}
		rest = more
	}
}

// A Difference is a member of which the messages say something else than the source, as
// texts for people.
type Difference struct{ Member, Said, Is string }
