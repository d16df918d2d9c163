package journal

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"busbar/common/event"
)

// A fact is what the table ids says of an id.
type fact struct {
	seq       int64  // 0: another publisher told it
	substance []byte // nil: not compared
	strength  int    // of the evidence: event.Strength
}

// findFact looks for an id and for the one behind it. Where an id is not found,
// its neighbours are looked at: one that has rotted stands beside the place where
// it was.
const findFact = `
	SELECT * FROM (SELECT 0, uuid, seq, substance, strength, sum FROM ids WHERE uuid <= ?1 ORDER BY uuid DESC LIMIT 1)
	UNION ALL
	SELECT * FROM (SELECT 1, uuid, seq, substance, strength, sum FROM ids WHERE uuid > ?1 ORDER BY uuid LIMIT 1)`

// fact is what is known of an id, or nil. An id that has rotted is ErrCorrupt:
// to pass over it would be to publish its fact again.
func (j *Journal) fact(ctx context.Context, b *batch, u uuid.UUID) (*fact, error) {
	if f := b.facts[u]; f != nil {
		return f, nil
	}
	rows, err := j.sql.findFact.QueryContext(ctx, u[:])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found *fact
	for rows.Next() {
		behind, id, f, err := scanFact(rows)
		if err != nil {
			return nil, err
		}
		order := bytes.Compare(id, u[:])
		if behind != (order > 0) {
			return nil, fmt.Errorf("%w: the ids are out of order near %s; %s", ErrCorrupt, u, adviceCorrupt)
		}
		if order == 0 {
			found = f
		}
	}
	return found, rows.Err()
}

func scanFact(row interface{ Scan(...any) error }) (behind bool, id []byte, f *fact, err error) {
	f = &fact{}
	var strength sql.NullInt64
	var sum *int64
	if err := row.Scan(&behind, &id, &f.seq, &f.substance, &strength, &sum); err != nil {
		return false, nil, nil, err
	}
	f.strength = int(strength.Int64)
	if len(id) != len(uuid.UUID{}) {
		return false, nil, nil, fmt.Errorf("%w: an id has %d bytes; %s", ErrCorrupt, len(id), adviceCorrupt)
	}
	return behind, id, f, checkSum(sum, factSum(id, f), "the id %x", id)
}

// A relation is what a known fact that is published once more is to the one that is
// known.
type relation int

const (
	same     relation = iota // or not comparable
	stronger                 // other words, and better evidence
	disputed                 // other words, and no better evidence
)

// compare says what e is to the fact that is known, and notes in the batch what
// is to be known from now on.
func (j *Journal) compare(ctx context.Context, b *batch, known *fact, e event.Event, now fact) (relation, error) {
	if now.substance == nil || now.strength == event.StrengthSource {
		return same, nil
	}
	if known.substance == nil && known.seq > 0 && b.facts[e.UUID()] == nil {
		if err := j.recollect(ctx, known, e.Kind); err != nil {
			return same, err
		}
	}
	if known.substance == nil || known.strength == event.StrengthSource {
		return same, nil
	}
	differs := !bytes.Equal(known.substance, now.substance)
	if now.strength > known.strength {
		better := fact{seq: known.seq, substance: now.substance, strength: now.strength}
		b.facts[e.UUID()], b.changed[e.UUID()] = &better, true
		if differs {
			return stronger, nil
		}
	}
	if differs && now.strength <= known.strength {
		return disputed, nil
	}
	return same, nil
}

// recollect reads what an id that an older program stored was published with, if its
// message is still there.
func (j *Journal) recollect(ctx context.Context, known *fact, k *event.Kind) error {
	var wire []byte
	err := j.db.QueryRowContext(ctx, "SELECT wire FROM messages WHERE seq = ?", known.seq).Scan(&wire)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	_, envelope, err := event.ParseMessage(wire)
	if err != nil || envelope.Topic != event.JoinTopic(j.o.Identity.Prefix, j.o.Identity.Environment, k.Topic) {
		return nil
	}
	text, err := envelope.BodyJSON()
	if err != nil {
		return nil
	}
	if body, err := k.Decode(text); err == nil {
		known.substance, known.strength = event.SubstanceOf(k, body), event.Strength(envelope.Evidence)
	}
	return nil
}

// messageID is the id of the message that told a known fact; where retention has
// dropped it, the year is a guess, and does not count.
func (j *Journal) messageID(ctx context.Context, b *batch, known *fact, e event.Event, r Record) (string, error) {
	for _, m := range b.messages {
		if m.Seq == known.seq {
			return m.ID, nil
		}
	}
	var id string
	err := j.db.QueryRowContext(ctx, "SELECT id FROM messages WHERE seq = ?", known.seq).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return e.ID(r.Received), nil
	}
	return id, err
}
