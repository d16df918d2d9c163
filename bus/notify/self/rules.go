package self

import (
	"encoding/json"
	"errors"
	"strings"

	"busbar/bus/notify/outbox"
	"busbar/bus/notify/rule"
)

// A Kept is a rule that a person keeps.
type Kept struct {
	ID   int64
	Form rule.Form
}

// Bounds on a rule, in bytes.
const (
	maxFilter = 2000
	maxForm   = 8 << 10
)

// Rules are a person's, in the order in which they were made.
func (t *Tx) Rules(person string) (list []Kept, err error) {
	rows, err := t.tx.QueryContext(t.ctx, "SELECT id, form FROM self_rules WHERE person = ? ORDER BY id", person)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k Kept
		var text string
		if err := rows.Scan(&k.ID, &text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &k.Form); err != nil {
			return nil, err
		}
		list = append(list, k)
	}
	return list, rows.Err()
}

// Rule is one of a person's; [Refusal] where there is none of this number.
func (t *Tx) Rule(person string, id int64) (Kept, error) {
	list, err := t.Rules(person)
	for _, k := range list {
		if k.ID == id {
			return k, nil
		}
	}
	if err == nil {
		err = refuse("you have no such rule")
	}
	return Kept{}, err
}

// PutRule stores a rule of a person: a new one, where its number is 0. What it means is
// checked before, by [Source.Read]. Its places must be
// verified ones of the person, unless it is off.
func (t *Tx) PutRule(person string, k Kept) (int64, error) {
	name := k.Form.Name
	switch {
	case name == "" || len(name) > rule.MaxName || strings.TrimSpace(name) != name:
		return 0, refuse("a rule has a name of 1 to %d bytes", rule.MaxName)
	case strings.HasPrefix(name, subscribed):
		return 0, refuse("names that begin with %q are those of subscriptions", subscribed)
	case len(k.Form.Filter) > maxFilter:
		return 0, refuse("its filter is longer than %d bytes", maxFilter)
	}
	places, err := t.Places(person)
	if err != nil {
		return 0, err
	}
	for _, to := range k.Form.To {
		if !k.Form.Off && !verified(places, to) {
			return 0, refuse("%.80s is no destination of yours that is verified", to)
		}
	}
	text, err := json.Marshal(k.Form)
	if err != nil {
		return 0, err
	}
	if len(text) > maxForm {
		return 0, refuse("the rule is longer than %d bytes", maxForm)
	}
	n, err := t.count("SELECT count(*) FROM self_rules WHERE person = ?", person)
	if err != nil {
		return 0, err
	}
	twice, err := t.count("SELECT count(*) FROM self_rules WHERE person = ? AND name = ? AND id <> ?", person, name, k.ID)
	switch {
	case err != nil:
		return 0, err
	case twice > 0:
		return 0, refuse("you have a rule %q already", name)
	case k.ID == 0 && n >= t.s.limits.Rules:
		return 0, refuse("%d rules are the most that one can have: remove one, or join some by giving a filter several values", t.s.limits.Rules)
	}
	if k.ID == 0 {
		err = t.tx.QueryRowContext(t.ctx, "INSERT INTO self_rules (person, name, form) VALUES (?, ?, ?) RETURNING id", person, name, string(text)).Scan(&k.ID)
	} else if n, err = t.count("SELECT count(*) FROM self_rules WHERE person = ? AND id = ?", person, k.ID); err == nil && n == 0 {
		err = refuse("you have no such rule")
	} else if err == nil {
		_, err = t.exec("UPDATE self_rules SET name = ?, form = ? WHERE person = ? AND id = ?", name, string(text), person, k.ID)
	}
	if err != nil {
		return 0, err
	}
	if !k.Form.Off { // what a link ended goes on
		for _, p := range places {
			err = errors.Join(err, outbox.ResumeIn(t.ctx, t.tx, name, p.Way, p.To))
		}
	}
	return k.ID, errors.Join(err, t.changed(person))
}

// Resume has a rule of a person sent again that was ended by a link. known is the name under
// which the engine knows them.
func (t *Tx) Resume(person, known, name string) error {
	if _, err := t.exec("DELETE FROM notify_stops WHERE person IN (?, ?) AND rule = ?", person, known, name); err != nil {
		return err
	}
	return t.changed(person)
}

// DropRule deletes one; it may be gone already.
func (t *Tx) DropRule(person string, id int64) error {
	if _, err := t.exec("DELETE FROM self_rules WHERE person = ? AND id = ?", person, id); err != nil {
		return err
	}
	return t.changed(person)
}

func verified(places []Place, to string) bool {
	for _, p := range places {
		if p.Verified && p.String() == to {
			return true
		}
	}
	return false
}
