package self

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/bus/notify/rule"
)

// A Source gives what people told as people with rules. It is a [rule.Source].
type Source struct {
	Store  *Store
	Prefix string // of the bus's topics
	// Names are those that filters use, of the administrator's files.
	Names rule.Book
	Check func(rule.Address) error // as that of rule.Files

	known map[string]known // what was read before, as long as it is the same
}

type known struct {
	changed int64
	person  *rule.Person
}

// Read gives the people, by key. A rule that cannot be read any more, as its set is gone,
// is left out; [Source.Person] says what is wrong with it. Read may be called by one
// goroutine at a time; what did not change since the last call is not read again.
func (s *Source) Read(ctx context.Context) (list []*rule.Person, err error) {
	next := map[string]known{}
	var people []string
	err = s.Store.Do(ctx, func(t *Tx) error {
		rows, err := t.tx.QueryContext(ctx, "SELECT person, changed FROM self_people ORDER BY person")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var person string
			var k known
			if err := rows.Scan(&person, &k.changed); err != nil {
				return err
			}
			people, next[person] = append(people, person), k
		}
		return rows.Err()
	})
	for some := range slices.Chunk(people, readAtOnce) {
		if err == nil {
			err = s.readSome(ctx, some, next)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading people's own rules: %w", err)
	}
	for _, key := range people {
		if p := next[key].person; p != nil { // who is gone meanwhile has none
			list = append(list, p)
		}
	}
	s.known = next
	return list, nil
}

// readAtOnce is how many people are read in one transaction: others write between.
const readAtOnce = 200

func (s *Source) readSome(ctx context.Context, keys []string, next map[string]known) error {
	var fresh []string
	for _, key := range keys {
		k := next[key]
		if before := s.known[key]; before.person != nil && before.changed == k.changed {
			k.person = before.person
			next[key] = k
		} else {
			fresh = append(fresh, key)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return s.Store.Do(ctx, func(t *Tx) error {
		for _, key := range fresh {
			p, _, err := s.Person(t, key)
			if err != nil && !none(err) {
				return fmt.Errorf("%s: %w", key, err)
			}
			k := next[key]
			k.person = p
			next[key] = k
		}
		return nil
	})
}

// Person is one of them, and what is wrong with rules of theirs, by name.
func (s *Source) Person(t *Tx, key string) (*rule.Person, map[string]error, error) {
	set, err := t.Settings(key)
	if err != nil {
		return nil, nil, err
	}
	p := &rule.Person{Key: key, Addresses: []string{key}, To: []rule.Address{{Way: "mail", To: key}}, Limit: rule.DefaultLimit(), Paused: set.Paused, Origin: "the person themselves"}
	if p.Zone, err = rule.ParseZone(set.Zone); err != nil { // it was known when it was stored
		p.Zone = time.UTC
	}
	if p.Quiet, err = rule.ParseQuiet(set.Quiet); err != nil {
		p.Quiet = rule.Quiet{}
	}
	if set.Limit.Check() == nil {
		p.Limit = set.Limit
	}
	places, err := t.Places(key)
	if err != nil {
		return nil, nil, err
	}
	for _, at := range places[1:] {
		if at.Verified && at.Way == "mail" {
			p.Addresses = append(p.Addresses, strings.ToLower(at.To))
		}
	}
	for _, a := range p.Addresses {
		p.Packages = append(p.Packages, s.Names.Maintained[a]...)
	}
	subscriptions, err := t.Subscriptions(key)
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(p.Packages)
	p.Packages = slices.Compact(p.Packages)
	wrong := map[string]error{}
	add := func(f rule.Form) {
		r, errs := s.Rule(p, f, places)
		if len(errs) > 0 {
			wrong[f.Name] = errors.Join(errs...)
		}
		if r != nil {
			p.Rules = append(p.Rules, r)
		}
	}
	for _, one := range subscriptions {
		if len(one.Keywords) > 0 {
			add(one.form())
		}
	}
	kept, err := t.Rules(key)
	for _, k := range kept {
		add(k.Form)
	}
	return p, wrong, err
}

// form is the rule that a subscription is.
func (s Subscription) form() rule.Form {
	return rule.Form{Name: RuleOf(s.Package), Filter: "package:" + s.Package + " keyword:" + strings.Join(s.Keywords, " keyword:")}
}

// Rule is what a form means for a person. Places that are not verified, or not allowed any
// more, are left out.
func (s *Source) Rule(p *rule.Person, f rule.Form, places []Place) (*rule.Rule, []error) {
	return f.Rule(p, s.Prefix, s.Names.Resolve, func(a rule.Address) error {
		if !verified(places, a.String()) {
			return fmt.Errorf("%s is not verified", a)
		}
		if s.Check != nil {
			return s.Check(a)
		}
		return nil
	})
}
