// Package rule is who wants to know what: people, their rules, and where to reach them.
// A Book holds them all, whatever they were read from: files of an administrator
// ([Files]), or what people store themselves, which is another [Source].
//
// Not here: which rules an event concerns, quickly (bus/notify/match), and when a note is
// sent (bus/notify/plan).
package rule

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Book is all people of an administrator's files with their rules, and the names that
// filters use.
type Book struct {
	People     []*Person           // sorted by Key
	Sets       map[string][]string // for package:@NAME and its like
	Maintained map[string][]string // packages by a maintainer's address, lower case
}

// Resolve gives the values of a set; false: there is no such set.
func (b Book) Resolve(set string) ([]string, bool) {
	values, ok := b.Sets[set]
	return values, ok
}

// A Source is where people and rules come from.
type Source interface {
	// Read gives the people of the source. Names that filters use (sets, maintained
	// packages) are resolved in it.
	Read(context.Context) ([]*Person, error)
}

// A Person is somebody who is told.
type Person struct {
	Key       string   // by which files, logs and commands name them
	Name      string   // for greetings; may be empty
	Addresses []string // of mail, lower case: who "me" is
	To        []Address
	Zone      *time.Location
	Quiet     Quiet
	Limit     Limit
	Packages  []string // @mine, sorted
	Paused    bool     // nothing is sent
	Rules     []*Rule
	Origin    string // where this was read, for people
}

// A Rule says what its person wants to know, and how.
type Rule struct {
	Name   string
	Filter *Filter
	To     []Address
	When   When
	// Settle is how long a change is waited out: what is taken back meanwhile is not
	// said. 0: at once.
	Settle time.Duration
	// Fold is how long after a note what belongs to the same thread is gathered.
	Fold time.Duration
	// Own and Mailed leave out what the person did, and what the service has mailed
	// to them itself.
	Own, Mailed bool
	Recovered   bool // events that were found later, as by an import, count, too
	Off         bool
}

// An Address is a way to a person: "mail:jane@example.org".
type Address struct{ Way, To string }

func (a Address) String() string { return a.Way + ":" + a.To }

// ParseAddress reads WAY:ADDRESS.
func ParseAddress(text string) (Address, error) {
	way, to, ok := strings.Cut(text, ":")
	if !ok || way == "" || len(text) > 2048 {
		return Address{}, fmt.Errorf("%.80q is no destination such as mail:jane@example.org", text)
	}
	return Address{way, to}, nil
}

// A Limit is how many notes may go to one address within a time, all kinds together.
type Limit struct {
	Notes  int // at least 2: the last is for a summary
	Within time.Duration
}

// Check says what is wrong with it.
func (l Limit) Check() error {
	if l.Notes < 2 || l.Notes > 1000 || l.Within < time.Minute || l.Within > 7*24*time.Hour {
		return errors.New("limit is between 2 and 1000 notes, within 1m to 168h")
	}
	return nil
}

// DefaultLimit is that of who has set none.
func DefaultLimit() Limit { return Limit{Notes: 30, Within: time.Hour} }

// defaultFold gathers what follows at once on what was said.
const defaultFold = 2 * time.Minute
