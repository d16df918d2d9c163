package self

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"busbar/bus/notify/keyword"
	"busbar/bus/notify/outbox"
	"busbar/bus/notify/rule"
)

// Settings are what a person says once, for all rules.
type Settings struct {
	Zone   string
	Quiet  string
	Limit  rule.Limit // zero: the usual one
	Paused bool
}

// maxOwn bounds the limit that a person may choose: their notes are not to be a flood.
const maxOwn = 200

// Check says what is wrong; an error is a [Refusal].
func (s Settings) Check() error {
	_, zone := rule.ParseZone(s.Zone)
	_, quiet := rule.ParseQuiet(s.Quiet)
	err := errors.Join(zone, quiet)
	if s.Limit != (rule.Limit{}) {
		err = errors.Join(err, s.Limit.Check())
		if s.Limit.Notes > maxOwn {
			err = errors.Join(err, refuse("the limit is %d notes at most", maxOwn))
		}
	}
	if err != nil {
		return Refusal(err.Error())
	}
	return nil
}

// Knows says whether an address is a person's.
func (t *Tx) Knows(person string) (bool, error) {
	n, err := t.count("SELECT count(*) FROM self_people WHERE person = ?", person)
	return n > 0, err
}

// Admit makes a person of an address that has answered. It may be one already.
func (t *Tx) Admit(person string) error {
	known, err := t.Knows(person)
	if known || err != nil {
		return err
	}
	n, err := t.count("SELECT count(*) FROM self_people")
	if err != nil {
		return err
	}
	if n >= t.s.limits.People {
		return refuse("there are %d people already, and more are not taken: ask the administrator", n)
	}
	if _, err := t.exec("INSERT INTO self_people VALUES (?, '', '', 0, 0, ?, 0, ?, 0)", person, strings.Join(keyword.Usual(), " "), t.s.now().UnixMilli()); err != nil {
		return err
	}
	return t.changed(person)
}

// Settings are a person's.
func (t *Tx) Settings(person string) (s Settings, err error) {
	var within int64
	err = t.tx.QueryRowContext(t.ctx, "SELECT zone, quiet, notes, within, paused FROM self_people WHERE person = ?", person).Scan(&s.Zone, &s.Quiet, &s.Limit.Notes, &within, &s.Paused)
	s.Limit.Within = time.Duration(within) * time.Millisecond
	return s, err
}

// Set stores a person's settings.
func (t *Tx) Set(person string, s Settings) error {
	if err := s.Check(); err != nil {
		return err
	}
	if _, err := t.exec("UPDATE self_people SET zone = ?, quiet = ?, notes = ?, within = ?, paused = ? WHERE person = ?", s.Zone, s.Quiet, s.Limit.Notes, s.Limit.Within.Milliseconds(), s.Paused, person); err != nil {
		return err
	}
	return t.changed(person)
}

// Forget deletes all that is a person's: what they told, their history, their sessions.
// known is the name under which the engine knows them: where files have rules for that, those
// go on.
func (t *Tx) Forget(person, known string) error {
	if err := t.changed(person); err != nil {
		return err
	}
	for _, table := range []string{"self_rules", "self_packages", "self_places", "self_tokens", "self_people"} {
		if _, err := t.exec("DELETE FROM "+table+" WHERE person = ?", person); err != nil {
			return err
		}
	}
	for _, statement := range []string{"DELETE FROM self_asked WHERE who = ?", "DELETE FROM notify_reports WHERE who = ?", "DELETE FROM notify_addresses WHERE way = 'mail' AND address = ?"} {
		if _, err := t.exec(statement, person); err != nil {
			return err
		}
	}
	if known != person {
		if err := outbox.DropIn(t.ctx, t.tx, known, true); err != nil {
			return err
		}
	}
	return outbox.DropIn(t.ctx, t.tx, person, false)
}

// A Subscription is that a person wants to know of a package, by keywords.
type Subscription struct {
	Package  string
	Keywords []string
	Own      bool // they are of this package, and not those of the person
}

// RuleOf is the name of the rule that a subscription is.
func RuleOf(pkg string) string { return subscribed + pkg }

const subscribed = "package "

// Subscribe subscribes a person who is known; false: they were already.
func (t *Tx) Subscribe(person, pkg string) (bool, error) {
	if err := outbox.ResumeIn(t.ctx, t.tx, RuleOf(pkg), "mail", person); err != nil {
		return false, err
	}
	n, err := t.count("SELECT count(*) FROM self_packages WHERE person = ? AND package <> ?", person, pkg)
	if err != nil {
		return false, err
	}
	if n >= t.s.limits.Packages {
		return false, refuse("%d packages are the most to which one can subscribe", t.s.limits.Packages)
	}
	made, err := t.exec("INSERT OR IGNORE INTO self_packages VALUES (?, ?, NULL)", person, pkg)
	if err != nil {
		return false, err
	}
	return made > 0, t.changed(person) // a link may have ended it
}

// Unsubscribe ends a subscription; false: there was none.
func (t *Tx) Unsubscribe(person, pkg string) (bool, error) {
	n, err := t.exec("DELETE FROM self_packages WHERE person = ? AND package = ?", person, pkg)
	if err != nil {
		return false, err
	}
	return n > 0, t.changed(person)
}

// Subscriptions are a person's, by package.
func (t *Tx) Subscriptions(person string) (list []Subscription, err error) {
	usual, err := t.Keywords(person, "")
	if err != nil {
		return nil, err
	}
	rows, err := t.tx.QueryContext(t.ctx, "SELECT package, keywords FROM self_packages WHERE person = ? ORDER BY package", person)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var one Subscription
		var own sql.NullString
		if err := rows.Scan(&one.Package, &own); err != nil {
			return nil, err
		}
		if one.Keywords, one.Own = usual, own.Valid; own.Valid {
			one.Keywords = strings.Fields(own.String)
		}
		list = append(list, one)
	}
	return list, rows.Err()
}

// Keywords are those of a subscription; of no package, those of the person. nil: there is
// no such subscription, or person.
func (t *Tx) Keywords(person, pkg string) ([]string, error) {
	var own, usual sql.NullString
	err := t.tx.QueryRowContext(t.ctx, "SELECT keywords FROM self_people WHERE person = ?", person).Scan(&usual)
	if err == nil && pkg != "" {
		err = t.tx.QueryRowContext(t.ctx, "SELECT keywords FROM self_packages WHERE person = ? AND package = ?", person, pkg).Scan(&own)
	}
	if none(err) {
		return nil, nil
	}
	words := strings.Fields(usual.String)
	if own.Valid {
		words = strings.Fields(own.String)
	}
	return append([]string{}, words...), err
}

// SetKeywords sets those of a subscription that there is, or of the person.
func (t *Tx) SetKeywords(person, pkg string, words []string) error {
	list := []string{}
	for _, w := range words {
		if !keyword.Known(w) {
			return refuse("%.40q is no keyword (they are %s)", w, strings.Join(keyword.All(), ", "))
		}
		list = append(list, w)
	}
	slices.Sort(list)
	text := strings.Join(slices.Compact(list), " ")
	var err error
	if pkg == "" {
		_, err = t.exec("UPDATE self_people SET keywords = ? WHERE person = ?", text, person)
	} else {
		_, err = t.exec("UPDATE self_packages SET keywords = ? WHERE person = ? AND package = ?", text, person, pkg)
	}
	if err != nil {
		return err
	}
	return t.changed(person)
}
