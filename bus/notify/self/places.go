package self

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math/big"
	"time"

	"busbar/bus/notify/rule"
)

// A Place is where a person is reached. Nothing but a code is sent there before the
// person has shown that they read what comes there.
type Place struct {
	rule.Address
	Verified bool
}

const (
	codeFor   = time.Hour // how long a code may be shown
	codeTries = 5
)

// Places are a person's; their own address, which is verified, comes first.
func (t *Tx) Places(person string) ([]Place, error) {
	list := []Place{{rule.Address{Way: "mail", To: person}, true}}
	rows, err := t.tx.QueryContext(t.ctx, "SELECT way, address, verified FROM self_places WHERE person = ? ORDER BY way, address", person)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p Place
		var at int64
		if err := rows.Scan(&p.Way, &p.To, &at); err != nil {
			return nil, err
		}
		p.Verified = at > 0
		list = append(list, p)
	}
	return list, rows.Err()
}

// AddPlace stores a place that is to be verified, and gives the code that is to be sent
// there. Of a place that waits for its code, it gives a new one.
func (t *Tx) AddPlace(person string, a rule.Address) (code string, err error) {
	places, err := t.Places(person)
	if err != nil {
		return "", err
	}
	known := false
	for _, p := range places {
		if p.Address == a && p.Verified {
			return "", refuse("%s is verified already", a)
		}
		known = known || p.Address == a
	}
	if !known && len(places) > t.s.limits.Places {
		return "", refuse("%d destinations are the most that one can have", t.s.limits.Places)
	}
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		return "", err
	}
	code = fmt.Sprintf("%08d", n)
	_, err = t.exec("INSERT OR REPLACE INTO self_places VALUES (?, ?, ?, 0, ?, ?, 0)", person, a.Way, a.To, code, t.s.now().Add(codeFor).UnixMilli())
	return code, err
}

// Verify takes the code that came to a place. A wrong one is a [Refusal], and counted:
// after a few, or an hour, no code will do until another is sent.
func (t *Tx) Verify(person string, a rule.Address, code string) (wrong error, err error) {
	var want string
	var until int64
	var tries int
	err = t.tx.QueryRowContext(t.ctx, "SELECT code, until, tries FROM self_places WHERE person = ? AND way = ? AND address = ? AND verified = 0", person, a.Way, a.To).Scan(&want, &until, &tries)
	switch {
	case none(err):
		return refuse("%s does not wait for a code", a), nil
	case err != nil:
		return nil, err
	case until < t.s.now().UnixMilli() || tries >= codeTries:
		return refuse("the code for %s is no longer good: have another sent", a), nil
	case len(want) != len(code) || subtle.ConstantTimeCompare([]byte(want), []byte(code)) != 1:
		_, err = t.exec("UPDATE self_places SET tries = tries + 1 WHERE person = ? AND way = ? AND address = ?", person, a.Way, a.To)
		return refuse("that is not the code that was sent to %s", a), err
	}
	if _, err = t.exec("UPDATE self_places SET verified = ?, code = '' WHERE person = ? AND way = ? AND address = ?", t.s.now().UnixMilli(), person, a.Way, a.To); err != nil {
		return nil, err
	}
	return nil, t.changed(person)
}

// Reach has a verified place of a person get notes again that was paused, since it refused
// them or they came back.
func (t *Tx) Reach(person string, a rule.Address) error {
	places, err := t.Places(person)
	if err != nil {
		return err
	}
	if !verified(places, a.String()) {
		return refuse("%s is no destination of yours that is verified", a)
	}
	_, err = t.exec("DELETE FROM notify_addresses WHERE way = ? AND address = ?", a.Way, a.To)
	return err
}

// DropPlace deletes a place. Rules that send there alone send nothing until they are
// changed.
func (t *Tx) DropPlace(person string, a rule.Address) error {
	if _, err := t.exec("DELETE FROM self_places WHERE person = ? AND way = ? AND address = ?", person, a.Way, a.To); err != nil {
		return err
	}
	return t.changed(person)
}
