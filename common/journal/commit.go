package journal

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"busbar/common/runes"
)

// Kinds of counters.
const (
	kindSkip  = "skip"
	kindTopic = "topic"
	kindTotal = "total"

	duplicates    = "duplicates"
	disputes      = "disputes"
	replacements  = "replacements"
	poisonDropped = "poison dropped"
)

// A reason is for people, and few: longer ones are cut, and more of them are
// counted together.
const (
	maxReason    = 200
	maxReasons   = 1000
	otherReasons = "(other reasons)"
)

type counter struct{ kind, name string }

// statements are prepared once on the writer's connection.
type statements struct {
	findFact, message, id, better, count, position, seen, forget, suppress, poison, healed, drop, meta, cursor, missed *sql.Stmt
}

func (s *statements) prepare(ctx context.Context, db *sql.DB) error {
	for dest, text := range map[**sql.Stmt]string{
		&s.findFact: findFact,
		&s.message:  "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?)",
		&s.id:       "INSERT INTO ids VALUES (?, ?, ?, ?, ?)",
		&s.better:   "UPDATE ids SET substance = ?, strength = ?, sum = ? WHERE uuid = ?",
		&s.suppress: "INSERT OR IGNORE INTO ids VALUES (?, 0, NULL, 0, ?)",
		&s.count:    "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
		&s.position: "INSERT OR REPLACE INTO positions VALUES (?, ?, ?)",
		&s.seen:     "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)",
		&s.forget:   "DELETE FROM seen WHERE source = ? AND key = ?",
		&s.poison: `INSERT INTO poison VALUES (NULL, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)
			ON CONFLICT (digest) DO UPDATE SET origin = excluded.origin, translator = excluded.translator,
			reason = excluded.reason, attempts = attempts + 1, last = excluded.last, disputes = excluded.disputes,
			source = excluded.source`,
		&s.healed: "DELETE FROM poison WHERE digest = ?",
		&s.drop:   "DELETE FROM poison WHERE id = ?",
		&s.meta:   "UPDATE meta SET value = ? WHERE name = ?",
		&s.cursor: "INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)",
		&s.missed: `INSERT INTO missed VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (sink, first) DO UPDATE SET last = excluded.last, reason = excluded.reason`,
	} {
		stmt, err := db.PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		*dest = stmt
	}
	return nil
}

// commit stores the batch. When it returns nil, the batch is on disk. The messages
// themselves come last, for they are being signed meanwhile.
func (j *Journal) commit(ctx context.Context, b *batch) error {
	return j.transact(ctx, func(t *transaction) {
		for _, m := range b.messages {
			f := b.facts[m.uuid]
			t.run(j.sql.id, m.uuid[:], f.seq, f.substance, f.strength, factSum(m.uuid[:], f))
			delete(b.changed, m.uuid) // stored as it is known in the end
		}
		for u := range b.changed {
			f := b.facts[u]
			t.run(j.sql.better, f.substance, f.strength, factSum(u[:], f), u[:])
		}
		for i := range b.parts {
			if p := &b.parts[i]; p.err == nil {
				t.keep(j.sql, p, b.now.Unix())
			}
		}
		if b.kept() {
			b.dropped = t.bound(j.sql, j.o.Poison)
		}
		for c, n := range b.counters {
			t.run(j.sql.count, c.kind, c.name, n)
		}
		for _, m := range b.messages {
			if t.err == nil {
				t.err = b.sealer.wait(m)
			}
			if t.err != nil {
				return
			}
			t.run(j.sql.message, m.Seq, m.ID, m.Topic, m.Time.Unix(), m.Prev, m.Hash, m.Wire)
			b.state.bytes += int64(len(m.Wire))
		}
		if len(b.messages) > 0 {
			t.run(j.sql.meta, b.state.headSeq, "head_seq")
			t.run(j.sql.meta, b.state.headHash, "head_hash")
			t.run(j.sql.meta, b.state.bytes, "bytes")
		}
	})
}

// keep stores what a record says beside its messages.
func (t *transaction) keep(s statements, p *part, now int64) {
	r, reason := p.record, p.record.Poison
	if len(p.result.Disputed) > 0 && r.Item != nil {
		reason = "it tells in other words, and on no better evidence, what is known"
	}
	switch {
	case reason != "":
		item := r.Item
		if item == nil {
			item = []byte{} // NULL is not an item
		}
		t.run(s.poison, r.Digest, r.Origin, r.Translator, reason, now, now, item, strings.Join(p.result.Disputed, " "), r.Source)
	case r.Digest != "":
		t.run(s.healed, r.Digest)
	}
	if r.Position != nil {
		t.run(s.position, r.Source, r.Position, positionSum(r.Source, r.Position))
	}
	for _, u := range r.Suppressed {
		t.run(s.suppress, u[:], factSum(u[:], &fact{}))
	}
	for _, it := range r.States {
		if it.Value == nil {
			t.run(s.forget, it.Source, it.Key)
		} else {
			t.run(s.seen, it.Source, it.Key, it.Value, seenSum(it.Source, it.Key, it.Value))
		}
	}
}

// A transaction runs statements until one fails.
type transaction struct {
	ctx context.Context
	tx  *sql.Tx
	err error
}

func (t *transaction) run(s *sql.Stmt, args ...any) {
	if t.err == nil {
		_, t.err = t.tx.StmtContext(t.ctx, s).ExecContext(t.ctx, args...)
	}
}

// transact runs what and commits; the cursors that wait go along.
func (j *Journal) transact(ctx context.Context, what func(*transaction)) error {
	tx, err := j.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	t := &transaction{ctx: ctx, tx: tx}
	what(t)
	waiting := j.waitingCursors()
	for sink, seq := range waiting {
		t.run(j.sql.cursor, sink, seq, j.o.Now().Unix())
	}
	if t.err != nil {
		return errors.Join(t.err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		// A commit that failed may leave its transaction open, and
		// database/sql has let go of it.
		_, _ = j.db.ExecContext(ctx, "ROLLBACK")
		return err
	}
	j.storedCursors(waiting)
	return nil
}

// reason is the name under which a skip is counted.
func (j *Journal) reason(text string) string {
	if short, cut := runes.Cut(text, maxReason); cut {
		text = short + "…"
	}
	if !j.reasons[text] {
		if len(j.reasons) >= maxReasons {
			return otherReasons
		}
		j.reasons[text] = true
	}
	return text
}
