package archive

import (
	"context"
	"database/sql"
)

// A Copy is a known fact as another publisher says it. Its N is the arrival after which
// it came.
type Copy struct {
	Message
	Row int64 // in which order copies came: upwards, but it may begin again when all are gone
}

// LastCopy is the row of the newest copy; 0: there is none.
func (r *Reader) LastCopy(ctx context.Context) (int64, error) {
	var row int64
	err := r.db.QueryRowContext(ctx, "SELECT coalesce(max(rowid), 0) FROM copies").Scan(&row)
	return row, r.fail(err, "looking for the newest copy")
}

// CopiesBehind gives those behind a row, oldest first: at most limit, and about 4 MiB.
func (r *Reader) CopiesBehind(ctx context.Context, row int64, limit int) ([]Copy, error) {
	list, err := r.copies(ctx, row, batch(limit))
	return list, r.fail(err, "reading copies")
}

func (r *Reader) copies(ctx context.Context, row int64, limit int) ([]Copy, error) {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	rows, err := collect(ctx, tx, func(scan func(...any) error, n *int64) error { return scan(n) },
		"SELECT rowid FROM copies WHERE rowid > ? ORDER BY rowid LIMIT ?", row, limit)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	messages, err := r.messages(ctx, tx, "SELECT came, time, sequence, seq, certificate, cut, wire, 1 FROM copies WHERE rowid > ? ORDER BY rowid LIMIT ?", row, limit)
	list := make([]Copy, 0, len(messages))
	for i, m := range messages {
		list = append(list, Copy{m, rows[i]})
	}
	return list, err
}
