// Package rule is what badges are given for: rules in TOML files, each a question to an
// archive with a person in its answers, and what a message says to it.
//
// It is pure: [Badge.Facts] looks at one message alone. What facts of many messages
// amount to is decided in bus/badges/ledger.
package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"busbar/common/archive"
	"busbar/common/event"
)

// A Criterion says what a badge asks for.
type Criterion string

// The criteria.
const (
	Count       Criterion = "count"       // so many events
	Streak      Criterion = "streak"      // events on so many days, or in so many weeks, in a row
	Distinct    Criterion = "distinct"    // events about so many different things
	First       Criterion = "first"       // the first event of all, or about a thing
	Combination Criterion = "combination" // each of several questions answered, or a chain of them
)

// Criteria are all of them.
func Criteria() []Criterion { return []Criterion{Count, Streak, Distinct, First, Combination} }

// A Badge is a rule.
type Badge struct {
	Name  string    `json:"name"` // of small letters, digits and -
	Title string    `json:"title"`
	Text  string    `json:"text"`
	Kind  Criterion `json:"criterion"`
	Sign  string    `json:"sign"` // the drawing in its middle; see medal.Signs
	// Levels are how many are needed, upwards: each is an award of its own. Of a
	// combination without Same it is 1.
	Levels []int         `json:"levels"`
	Unit   string        `json:"unit,omitempty"`      // of a streak: day or week
	Of     string        `json:"of,omitempty"`        // of distinct and first: the body's member; empty: of the archive
	Same   string        `json:"same,omitempty"`      // of a combination: the body's member that its chain shares
	Within time.Duration `json:"within_ns,omitempty"` // of a chain: from its first step to its last; 0: for ever
	Parts  []Part        `json:"parts"`               // one but for a combination
	File   string        `json:"-"`                   // where it was read
}

// A Part is a question, and whom its answers are for.
type Part struct {
	Query  string `json:"query"`
	Who    string `json:"who,omitempty"`    // the body's member that names the person
	Anyone bool   `json:"anyone,omitempty"` // of a chain: whoever did it

	query    archive.Query
	from, to time.Time // since: and until: of the query, by when it happened
	old      bool      // it asks for old names of events
}

// Chain says that the badge's parts are steps, one after another about the same thing.
func (b *Badge) Chain() bool { return b.Kind == Combination && b.Same != "" }

// Needs is how many different things a level needs: for a combination its parts.
func (b *Badge) Needs(level int) int {
	if b.Kind == Combination && !b.Chain() {
		return len(b.Parts)
	}
	return level
}

// Most is Needs of the highest level.
func (b *Badge) Most() int { return b.Needs(b.Levels[len(b.Levels)-1]) }

// HasLevel says whether there is an award for a level.
func (b *Badge) HasLevel(level int) bool { return slices.Contains(b.Levels, level) }

// evaluation says by which rules facts are made of messages, and awards of facts. With
// another number all that is known is read again from the archive.
const evaluation = 1

// Print tells two badges apart that give different awards of the same messages: its
// words and its drawing do not count.
func (b *Badge) Print(prefix string, never []string) string {
	c := *b
	c.Title, c.Text, c.Sign = "", "", ""
	text, _ := json.Marshal(map[string]any{"badge": c, "prefix": prefix, "never": never, "evaluation": evaluation}) // it has nothing that cannot be written
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// usual is the drawing of a badge that names none.
var usual = map[Criterion]string{Count: "star", Streak: "flame", Distinct: "tree", First: "flag", Combination: "check"}

// Kinds are the declared kinds of events that the part's question names by their topics;
// none, where it names no topic, or one that is not declared.
func (p *Part) Kinds(catalog event.Catalog, prefix string) (list []*event.Kind) {
	for _, c := range p.query.Conditions {
		if c.Kind != archive.Topic || c.Not {
			continue
		}
		for _, topic := range c.Values {
			before := len(list)
			for _, k := range catalog {
				if event.TopicUnder(prefix, event.JoinTopic(prefix, "dev", k.Topic), topic) {
					list = append(list, k)
				}
			}
			if len(list) == before {
				return nil
			}
		}
	}
	return list
}
