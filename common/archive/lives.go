package archive

import (
	"context"
)

// Where a publisher's journal was put back to an older copy, a number may have been
// said several times: in each life of its sequence once. What follows tells these lives
// apart.

// Under gives what came under one number, in any life of its sequence. Of a copy, N is
// the arrival after which it came.
func (r *Reader) Under(ctx context.Context, p Position) ([]Message, error) {
	const from = " WHERE sequence = (SELECT id FROM sequences WHERE publisher = ?1 AND epoch = ?2) AND seq = ?3"
	list, err := r.messages(ctx, r.db, "SELECT "+storedColumns+", 0 FROM messages"+from+
		" UNION ALL SELECT came, time, sequence, seq, certificate, cut, wire, 1 FROM copies"+from+" LIMIT ?4",
		p.Publisher, p.Epoch, p.Seq, maxTurns)
	return list, r.fail(err, "reading what is number %d of %s", p.Seq, p.Publisher)
}

// Copies gives the copies that came after arrival n or one behind it, up to until: of
// each sequence, and behind each arrival, the one with the highest number. N is the
// arrival after which it came; they are in that order, at most limit.
func (r *Reader) Copies(ctx context.Context, n, until int64, limit int) ([]Message, error) {
	list, err := r.messages(ctx, r.db, "SELECT came, time, sequence, max(seq), certificate, cut, wire, 1 FROM copies INDEXED BY copies_came"+
		" WHERE came >= ? AND came <= ? GROUP BY came, sequence ORDER BY came LIMIT ?", n, until, batch(limit))
	return list, r.fail(err, "reading the copies that came after %d", n)
}

// CopiesOf gives who else said the fact of the message with arrival number n.
func (r *Reader) CopiesOf(ctx context.Context, n int64) ([]Message, error) {
	list, err := r.messages(ctx, r.db, "SELECT came, time, sequence, seq, certificate, cut, wire, 1 FROM copies WHERE n = ? LIMIT ?", n, maxTurns)
	return list, r.fail(err, "reading the copies of message %d", n)
}

// Turns gives the gaps behind which a sequence began again, newest first: at most 100.
func (r *Reader) Turns(ctx context.Context, publisher, epoch string) ([]Gap, error) {
	list, err := collect(ctx, r.db, scanGap, "SELECT n, publisher, epoch, first, last, reason, time FROM gaps WHERE publisher = ? AND epoch = ? AND "+putBack+
		" ORDER BY n DESC LIMIT ?", publisher, epoch, maxTurns)
	return list, r.fail(err, "reading where %s began again", publisher)
}

// FirstAfter is the message with the lowest number from p.Seq on among those that
// arrived after n; N is 0 where there is none.
func (r *Reader) FirstAfter(ctx context.Context, p Position, n int64) (Message, error) {
	return r.one(ctx, "SELECT "+storedColumns+", 0 FROM messages"+ofSequence+" AND seq >= ?3 AND n > ?4 ORDER BY seq, n LIMIT 1", p.Publisher, p.Epoch, p.Seq, n)
}

// LastBefore is the message with the highest number among those that arrived up to n;
// N is 0 where there is none.
func (r *Reader) LastBefore(ctx context.Context, publisher, epoch string, n int64) (Message, error) {
	return r.one(ctx, "SELECT "+storedColumns+", 0 FROM messages"+ofSequence+" AND n <= ?3 ORDER BY seq DESC, n DESC LIMIT 1", publisher, epoch, n)
}

// LastUntil is the message with the highest number up to p.Seq, of those that were
// taken up to a time in Unix seconds; N is 0 where there is none.
func (r *Reader) LastUntil(ctx context.Context, p Position, unix int64) (Message, error) {
	return r.one(ctx, "SELECT "+storedColumns+", 0 FROM messages"+ofSequence+" AND seq <= ?3 AND time <= ?4 ORDER BY seq DESC, n DESC LIMIT 1", p.Publisher, p.Epoch, p.Seq, unix)
}

const ofSequence = " WHERE sequence = (SELECT id FROM sequences WHERE publisher = ?1 AND epoch = ?2)"

func (r *Reader) one(ctx context.Context, query string, args ...any) (Message, error) {
	ctx, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	list, err := r.messages(ctx, r.db, query, args...)
	if err != nil || len(list) == 0 {
		return Message{}, r.fail(err, "reading a message of %v", args[0])
	}
	return list[0], nil
}
