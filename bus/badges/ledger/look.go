package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"busbar/bus/badges/rule"
)

// An Award is a badge's level that somebody has.
type Award struct {
	Badge   string    `json:"badge"`
	Title   string    `json:"title"`
	Level   int       `json:"level"`
	Person  string    `json:"person"` // the key
	Name    string    `json:"name"`   // may be empty
	Time    time.Time `json:"time"`   // when it was earned
	Message string    `json:"message"`

	Rule rule.Badge `json:"-"`
	n    int64      // of the person
	b    int64      // and of the badge
}

// A Badge is one in force, and how many have each of its levels.
type Badge struct {
	rule.Badge
	Holders map[int]int64 `json:"holders"`
}

const awardColumns = "a.badge, b.name, b.text, a.level, p.id, p.key, p.name, a.at, a.msg FROM awards a JOIN badges b ON b.id = a.badge AND b.active JOIN shown p ON p.id = a.person"

func (r *Reader) awards(ctx context.Context, rest string, args ...any) ([]Award, error) {
	list, err := collect(ctx, r.db, func(scan func(...any) error, a *Award) error {
		var text string
		var at int64
		if err := scan(&a.b, &a.Badge, &text, &a.Level, &a.n, &a.Person, &a.Name, &at, &a.Message); err != nil {
			return err
		}
		a.Time = time.Unix(at, 0).UTC()
		err := json.Unmarshal([]byte(text), &a.Rule)
		a.Title = a.Rule.Title
		return err
	}, "SELECT "+awardColumns+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("reading awards: %w", err)
	}
	return list, nil
}

// All are all awards, by badge, level and person.
func (r *Reader) All(ctx context.Context) ([]Award, error) {
	return r.awards(ctx, " ORDER BY b.name, a.level, p.key")
}

// Of are a person's awards, the newest first.
func (r *Reader) Of(ctx context.Context, key string) ([]Award, error) {
	return r.awards(ctx, " WHERE p.key = ? ORDER BY a.at DESC, b.name, a.level DESC", key)
}

// Holders are who has a badge, the newest first: of each person the highest level.
func (r *Reader) Holders(ctx context.Context, badge string, limit int) ([]Award, error) {
	return r.awards(ctx, ` WHERE b.name = ? AND NOT EXISTS (SELECT 1 FROM awards h WHERE h.badge = a.badge AND h.person = a.person AND h.level > a.level)
		ORDER BY a.level DESC, a.at DESC, p.key LIMIT ?`, badge, limit)
}

// Newest are the awards that were earned last.
func (r *Reader) Newest(ctx context.Context, limit int) ([]Award, error) {
	return r.awards(ctx, " ORDER BY a.at DESC, b.name, a.level DESC, p.key LIMIT ?", limit)
}

// Unsaid are awards that were not said on the bus, the oldest first.
func (r *Reader) Unsaid(ctx context.Context, limit int) ([]Award, error) {
	return r.awards(ctx, " WHERE a.said = 0 ORDER BY a.at, b.name, a.level, p.key LIMIT ?", limit)
}

// Said stores that awards were said.
func (l *Ledger) Said(ctx context.Context, list []Award) error {
	err := write(ctx, l.db, func(tx *sql.Tx) error {
		for _, a := range list {
			if _, err := tx.ExecContext(ctx, "UPDATE awards SET said = 1 WHERE badge = ? AND level = ? AND person = ?", a.b, a.Level, a.n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("storing what was said: %w", err)
	}
	return nil
}

// Badges are all in force, by name.
func (r *Reader) Badges(ctx context.Context) ([]Badge, error) {
	list, err := collect(ctx, r.db, func(scan func(...any) error, b *Badge) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		b.Holders = map[int]int64{}
		return json.Unmarshal([]byte(text), &b.Badge)
	}, "SELECT text FROM badges WHERE active ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("reading badges: %w", err)
	}
	type count struct {
		badge string
		level int
		n     int64
	}
	counts, err := collect(ctx, r.db, func(scan func(...any) error, c *count) error { return scan(&c.badge, &c.level, &c.n) },
		"SELECT b.name, a.level, count(*) FROM awards a JOIN badges b ON b.id = a.badge JOIN shown p ON p.id = a.person WHERE b.active GROUP BY 1, 2")
	if err != nil {
		return nil, fmt.Errorf("counting awards: %w", err)
	}
	for _, c := range counts {
		for i := range list {
			if list[i].Name == c.badge {
				list[i].Holders[c.level] = c.n
			}
		}
	}
	return list, nil
}

// ErrNobody says that nobody of that name has done anything that counts, or that they
// want no badges.
var ErrNobody = errors.New("nobody of this name has anything that counts for a badge, or they want no badges")

// Name is the name of a person, who is there or not (ErrNobody).
func (r *Reader) Name(ctx context.Context, key string) (name string, err error) {
	err = r.db.QueryRowContext(ctx, "SELECT name FROM shown WHERE key = ?", key).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNobody
	}
	return name, err
}

// A Rank is somebody's place among all, by awards earned in a time; who has as many
// shares it.
type Rank struct {
	Place  int    `json:"place"`
	Person string `json:"person"`
	Name   string `json:"name"`
	Awards int    `json:"awards"`
}

// Board ranks those who earned most between two times, the second excluded.
func (r *Reader) Board(ctx context.Context, from, to time.Time, limit int) ([]Rank, error) {
	list, err := collect(ctx, r.db, func(scan func(...any) error, k *Rank) error { return scan(&k.Person, &k.Name, &k.Awards) },
		`SELECT p.key, p.name, count(*) AS n FROM awards a JOIN badges b ON b.id = a.badge AND b.active JOIN shown p ON p.id = a.person
		WHERE a.at >= ? AND a.at < ? GROUP BY p.id ORDER BY n DESC, p.key LIMIT ?`, from.Unix(), to.Unix(), limit)
	if err != nil {
		return nil, fmt.Errorf("ranking awards: %w", err)
	}
	for i := range list {
		if list[i].Place = i + 1; i > 0 && list[i].Awards == list[i-1].Awards {
			list[i].Place = list[i-1].Place
		}
	}
	return list, nil
}

// ReadUpTo is up to where all badges have read the archive with an epoch.
func (r *Reader) ReadUpTo(ctx context.Context) (p Position, epoch string, err error) {
	err = r.db.QueryRowContext(ctx, "SELECT coalesce(min(n), 0), coalesce(min(copies), 0), coalesce((SELECT value FROM meta WHERE name = 'epoch'), '') FROM badges WHERE active").Scan(&p.N, &p.Copies, &epoch)
	if err != nil {
		err = fmt.Errorf("reading up to where badges have read: %w", err)
	}
	return p, epoch, err
}
