package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"busbar/bus/badges/rule"
)

// Use puts badges into force, for an archive with this epoch. A new badge, and one that
// asks for something else than before, begins with the archive's first message, and so
// does each one with another archive, and where somebody who had opted out no more does.
func (l *Ledger) Use(ctx context.Context, set rule.Set, prefix, epoch string) error {
	var badges []*held
	err := write(ctx, l.db, func(tx *sql.Tx) error {
		again, err := optedIn(ctx, tx, set.OptOut)
		if err != nil {
			return err
		}
		var before string
		err = tx.QueryRowContext(ctx, "SELECT coalesce((SELECT value FROM meta WHERE name = 'epoch'), '')").Scan(&before)
		if err == nil {
			_, err = tx.ExecContext(ctx, "INSERT INTO meta VALUES ('epoch', ?) ON CONFLICT DO UPDATE SET value = excluded.value", epoch)
		}
		if err == nil && before != epoch {
			_, err = tx.ExecContext(ctx, "UPDATE badges SET n = 0, copies = 0")
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, "UPDATE badges SET active = 0")
		}
		if err != nil {
			return err
		}
		for _, b := range set.Badges {
			h, err := use(ctx, tx, b, b.Print(prefix, set.Never), again)
			if err != nil {
				return err
			}
			badges = append(badges, h)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("putting badges into force: %w", err)
	}
	l.set, l.prefix, l.badges, l.people, l.hidden = set, prefix, badges, map[string]*known{}, map[string]hidden{}
	return nil
}

// optedIn stores who opted out, and says whether anybody no more does.
func optedIn(ctx context.Context, tx *sql.Tx, out []string) (again bool, err error) {
	keys, err := texts(ctx, tx, "SELECT key FROM optout")
	if err != nil {
		return false, err
	}
	for _, key := range keys {
		if _, still := slices.BinarySearch(out, key); !still {
			again = true
			if _, err := tx.ExecContext(ctx, "DELETE FROM optout WHERE key = ?", key); err != nil {
				return false, err
			}
		}
	}
	for _, key := range out {
		if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO optout VALUES (?)", key); err != nil {
			return false, err
		}
	}
	return again, nil
}

func use(ctx context.Context, tx *sql.Tx, b *rule.Badge, print string, again bool) (*held, error) {
	text, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO badges (name, print, text, active, n, copies) VALUES (?1, ?2, ?3, 1, 0, 0)
		ON CONFLICT (name) DO UPDATE SET text = ?3, active = 1`, b.Name, print, string(text)); err != nil {
		return nil, err
	}
	h := &held{Badge: b}
	var before string
	if err := tx.QueryRowContext(ctx, "SELECT id, print, n, copies FROM badges WHERE name = ?", b.Name).Scan(&h.id, &before, &h.position.N, &h.position.Copies); err != nil {
		return nil, err
	}
	if before == print && !again {
		return h, nil
	}
	for _, table := range tables {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE badge = ?", h.id); err != nil {
			return nil, err
		}
	}
	h.position = Position{}
	_, err = tx.ExecContext(ctx, "UPDATE badges SET print = ?, n = 0, copies = 0 WHERE id = ?", print, h.id)
	return h, err
}

// Position is up to where all badges have read. Each takes only what is behind its own.
func (l *Ledger) Position() (p Position) {
	for i, b := range l.badges {
		if i == 0 {
			p = b.position
		}
		p = Position{min(p.N, b.position.N), min(p.Copies, b.position.Copies)}
	}
	return p
}

// Empty says that there are no badges.
func (l *Ledger) Empty() bool { return len(l.badges) == 0 }

// Optouts is how many people opted out.
func (l *Ledger) Optouts() int { return len(l.set.OptOut) }

func texts(ctx context.Context, q querier, query string, args ...any) ([]string, error) {
	return collect(ctx, q, func(scan func(...any) error, s *string) error { return scan(s) }, query, args...)
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// collect reads rows.
func collect[T any](ctx context.Context, q querier, row func(scan func(...any) error, to *T) error, query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		var one T
		if err := row(rows.Scan, &one); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, rows.Err()
}

// Renew has all badges read an archive from its first message, if it is another one.
func (l *Ledger) Renew(ctx context.Context, epoch string) error {
	return l.Use(ctx, l.set, l.prefix, epoch)
}
