package ledger

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"busbar/bus/badges/rule"
)

// A pair is a badge and a person that something is new of.
type pair struct {
	*batch
	key   pairKey
	badge *held
	n     int   // units
	last  stamp // of them
	fresh []stamp
	moved bool // a unit that was there is another, or gone
}

// tally counts what is new, and awards what is reached.
func (b *batch) tally() {
	by := map[pairKey][]unitKey{}
	for key := range b.units {
		by[key.pair] = append(by[key.pair], key)
	}
	for key := range b.lost {
		by[key] = by[key][:len(by[key]):len(by[key])]
	}
	for _, key := range slices.SortedFunc(maps.Keys(by), func(x, y pairKey) int {
		return cmp.Or(cmp.Compare(x.badge, y.badge), cmp.Compare(x.person, y.person))
	}) {
		p := &pair{batch: b, key: key, badge: b.byID[key.badge], moved: b.lost[key]}
		b.tx.get("SELECT n, at, msg FROM tallies WHERE badge = ? AND person = ?", []any{key.badge, key.person}, &p.n, &p.last.at, &p.last.msg)
		if p.badge.Kind == rule.Streak {
			p.streak(by[key])
		} else {
			p.count(by[key])
		}
		if b.tx.err != nil {
			return
		}
	}
}

// count is for all criteria but streaks.
func (p *pair) count(units []unitKey) {
	before, last := p.n, p.last
	most := 0
	if p.badge.Kind != rule.First { // of which units may go again
		most = p.badge.Most()
	}
	slices.SortFunc(units, func(x, y unitKey) int {
		return cmp.Or(p.units[x].compare(p.units[y]), cmp.Compare(x.unit, y.unit))
	})
	for _, u := range units {
		p.put(u.unit, p.units[u], most)
	}
	if most > 0 && p.n > most {
		p.tx.run("DELETE FROM units WHERE badge = ?1 AND person = ?2 AND unit IN (SELECT unit FROM units WHERE badge = ?1 AND person = ?2 ORDER BY at DESC, msg DESC, unit DESC LIMIT ?3)",
			p.key.badge, p.key.person, p.n-most)
		p.n, p.moved = most, true
	}
	switch {
	case len(p.fresh) == 0 && !p.moved:
		return
	case p.moved || p.fresh[0].compare(last) < 0:
		p.again()
	default: // all of it is behind what was there
		for _, level := range p.badge.Levels {
			if i := p.badge.Needs(level) - before - 1; i >= 0 && i < len(p.fresh) {
				p.award(level, p.fresh[i])
			}
		}
		p.last = p.fresh[len(p.fresh)-1]
	}
	p.tx.run("INSERT INTO tallies VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = excluded.n, at = excluded.at, msg = excluded.msg",
		p.key.badge, p.key.person, p.n, p.last.at, p.last.msg)
}

// put stores a unit, where it is new or earlier than it was.
func (p *pair) put(unit any, at stamp, most int) (changed bool) {
	var old stamp
	there := p.tx.get("SELECT at, msg FROM units WHERE badge = ? AND person = ? AND unit = ?", []any{p.key.badge, p.key.person, unit}, &old.at, &old.msg)
	switch {
	case there && at.compare(old) < 0:
		p.tx.run("UPDATE units SET at = ?, msg = ? WHERE badge = ? AND person = ? AND unit = ?", at.at, at.msg, p.key.badge, p.key.person, unit)
		p.moved = true
	case there:
		return false
	case most > 0 && len(p.fresh) == 0 && p.n >= most && at.compare(p.last) > 0:
		return false // no level needs it
	default:
		p.tx.run("INSERT INTO units VALUES (?, ?, ?, ?, ?)", p.key.badge, p.key.person, unit, at.at, at.msg)
		p.fresh = append(p.fresh, at)
		p.n++
	}
	return true
}

// again finds all awards of the pair in its units.
func (p *pair) again() {
	p.last = stamp{}
	p.tx.get("SELECT at, msg FROM units WHERE badge = ? AND person = ? ORDER BY at DESC, msg DESC LIMIT 1", []any{p.key.badge, p.key.person}, &p.last.at, &p.last.msg)
	for _, level := range p.badge.Levels {
		var at stamp
		if p.tx.get("SELECT at, msg FROM units WHERE badge = ? AND person = ? ORDER BY at, msg LIMIT 1 OFFSET ?", []any{p.key.badge, p.key.person, p.badge.Needs(level) - 1}, &at.at, &at.msg) {
			p.award(level, at)
		} else {
			p.tx.run("DELETE FROM awards WHERE badge = ? AND level = ? AND person = ?", p.key.badge, level, p.key.person)
		}
	}
}

func (p *pair) award(level int, at stamp) {
	p.tx.run(`INSERT INTO awards VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET at = excluded.at, msg = excluded.msg
		WHERE at <> excluded.at OR msg <> excluded.msg`, p.key.badge, level, p.key.person, at.at, at.msg)
}

// streak stores days or weeks, and looks at the runs that they are in.
func (p *pair) streak(units []unitKey) {
	var changed []int64
	for _, u := range units {
		period, err := strconv.ParseInt(u.unit, 10, 64)
		if err != nil {
			p.tx.err = err
			return
		}
		if p.put(period, p.units[u], 0) {
			changed = append(changed, period)
		}
	}
	if len(changed) == 0 {
		return
	}
	slices.Sort(changed)
	most := int64(p.badge.Levels[len(p.badge.Levels)-1])
	for at := 0; at < len(changed); { // periods whose neighbourhoods meet are looked at together
		end := at
		for end+1 < len(changed) && changed[end+1]-changed[end] < 2*most {
			end++
		}
		p.runs(changed[at]-most+1, changed[end]+most-1)
		at = end + 1
	}
	p.tx.run("INSERT INTO tallies VALUES (?, ?, ?, 0, '') ON CONFLICT DO UPDATE SET n = excluded.n", p.key.badge, p.key.person, p.n)
}

// runs awards runs between two periods, both included.
func (p *pair) runs(from, to int64) {
	first := map[int]stamp{}
	length, before := 0, int64(0)
	p.tx.each("SELECT unit, at, msg FROM units WHERE badge = ? AND person = ? AND unit BETWEEN ? AND ? ORDER BY unit", []any{p.key.badge, p.key.person, from, to}, func(scan func(...any) error) error {
		var period int64
		var at stamp
		if err := scan(&period, &at.at, &at.msg); err != nil {
			return err
		}
		if length == 0 || period != before+1 {
			length = 0
		}
		length++
		before = period
		for _, level := range p.badge.Levels {
			if _, had := first[level]; !had && length >= level {
				first[level] = at
			}
		}
		return nil
	})
	for level, at := range first {
		p.tx.run(`INSERT INTO awards VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET at = excluded.at, msg = excluded.msg
			WHERE excluded.at < at OR excluded.at = at AND excluded.msg < msg`, p.key.badge, level, p.key.person, at.at, at.msg)
	}
}
