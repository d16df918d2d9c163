// Package self keeps what people tell `bus notify` themselves, by its pages or by mail:
// who they are, their rules, the packages to which they subscribe, where they are
// reached. All of it is in the outbox's file, so that a change and the mail that tells of
// it are stored in one transaction. [Source] gives it to the engine as people with rules.
//
// A person is a mail address that answered: whoever reads its mail may change what is
// the person's, and nobody else. Nothing is believed before that.
//
// Not here: the mails (bus/notify/control) and the pages (bus/notify/pages).
package self

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/outbox"
	"busbar/common/pattern"
)

// Limits bound what people may keep.
type Limits struct {
	People   int // in all
	Rules    int // of one person
	Packages int // to which one subscribes
	Places   int // where one is reached
}

// DefaultLimits are those of who configures none.
func DefaultLimits() Limits { return Limits{People: 20_000, Rules: 100, Packages: 1000, Places: 10} }

// A Store is what people told. It may be used by several goroutines, and by several
// processes.
type Store struct {
	out    *outbox.Outbox
	limits Limits
	secret []byte
	now    func() time.Time
}

const schema = `
	CREATE TABLE IF NOT EXISTS self_people (
		person TEXT PRIMARY KEY, -- an address, lower case
		zone TEXT NOT NULL, quiet TEXT NOT NULL,
		notes INTEGER NOT NULL, within INTEGER NOT NULL, -- the limit; 0: the usual one
		keywords TEXT NOT NULL,  -- of subscriptions that have none of their own, by blanks
		paused INTEGER NOT NULL,
		made INTEGER NOT NULL,   -- these are milliseconds since 1970
		changed INTEGER NOT NULL -- grows with each change of what is the person's
	) WITHOUT ROWID;
	CREATE TABLE IF NOT EXISTS self_rules (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		person TEXT NOT NULL, name TEXT NOT NULL,
		form TEXT NOT NULL,      -- JSON: rule.Form
		UNIQUE (person, name));
	CREATE TABLE IF NOT EXISTS self_packages (
		person TEXT NOT NULL, package TEXT NOT NULL,
		keywords TEXT,           -- by blanks; NULL: those of the person
		PRIMARY KEY (person, package)) WITHOUT ROWID;
	CREATE TABLE IF NOT EXISTS self_places (
		person TEXT NOT NULL, way TEXT NOT NULL, address TEXT NOT NULL,
		verified INTEGER NOT NULL, -- when its person showed that it is theirs; 0: not yet
		code TEXT NOT NULL,        -- that was sent there, until then
		until INTEGER NOT NULL,
		tries INTEGER NOT NULL,
		PRIMARY KEY (person, way, address)) WITHOUT ROWID;
	CREATE TABLE IF NOT EXISTS self_tokens (
		hash BLOB PRIMARY KEY, kind TEXT NOT NULL, person TEXT NOT NULL, text TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
	CREATE TABLE IF NOT EXISTS self_asked (
		id INTEGER PRIMARY KEY, kind TEXT NOT NULL, who TEXT NOT NULL, at INTEGER NOT NULL);
	CREATE INDEX IF NOT EXISTS self_asked_who ON self_asked (kind, who, at);
	CREATE INDEX IF NOT EXISTS self_asked_at ON self_asked (at);
	CREATE TABLE IF NOT EXISTS self_changes (one INTEGER PRIMARY KEY CHECK (one = 1), n INTEGER NOT NULL);
	INSERT OR IGNORE INTO self_changes VALUES (1, 0);`

// Open opens what the outbox's file has, and makes the tables where there are none.
func Open(ctx context.Context, out *outbox.Outbox, l Limits) (*Store, error) {
	s := &Store{out: out, limits: l, now: time.Now}
	whole, err := s.whole(ctx)
	if err == nil && !whole {
		err = out.Do(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, schema)
			return err
		})
	}
	if err == nil {
		s.secret, err = out.Secret(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("opening what people told of themselves: %w", err)
	}
	return s, nil
}

// whole says that the tables are there. Earlier programs made them one by one: one that
// was killed meanwhile left the last table without its row.
func (s *Store) whole(ctx context.Context) (bool, error) {
	var n int
	err := s.out.DB().QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'self_changes'").Scan(&n)
	if err == nil && n > 0 {
		err = s.out.DB().QueryRowContext(ctx, "SELECT count(*) FROM self_changes").Scan(&n)
	}
	return n > 0, err
}

// Changes grows with each change of what people told, and with each note to them.
func (s *Store) Changes(ctx context.Context) (n int64, err error) {
	err = s.out.DB().QueryRowContext(ctx, "SELECT n FROM self_changes").Scan(&n)
	return n, err
}

// A Tx is a transaction in which something is changed.
type Tx struct {
	s   *Store
	tx  *sql.Tx
	ctx context.Context
}

// Do changes something in one transaction.
func (s *Store) Do(ctx context.Context, change func(*Tx) error) error {
	return s.out.Do(ctx, func(tx *sql.Tx) error { return change(&Tx{s, tx, ctx}) })
}

// A Refusal is why something is not done, for the person who asked for it. It is no
// failure of ours.
type Refusal string

func (r Refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return Refusal(fmt.Sprintf(format, args...)) }

func (t *Tx) exec(statement string, args ...any) (int64, error) {
	res, err := t.tx.ExecContext(t.ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (t *Tx) count(query string, args ...any) (n int, err error) {
	err = t.tx.QueryRowContext(t.ctx, query, args...).Scan(&n)
	return n, err
}

// changed notes that what is a person's is another now.
func (t *Tx) changed(person string) error {
	_, err := t.exec("UPDATE self_changes SET n = n + 1")
	if err == nil {
		_, err = t.exec("UPDATE self_people SET changed = (SELECT n FROM self_changes) WHERE person = ?", person)
	}
	return err
}

// Send puts a note into the outbox, within the transaction.
func (t *Tx) Send(way string, n dest.Note) error {
	_, err := outbox.PutIn(t.ctx, t.tx, outbox.Planned{Way: way, Note: n})
	if err == nil {
		_, err = t.exec("UPDATE self_changes SET n = n + 1") // the daemon looks at it
	}
	return err
}

// addressForm is that of addresses that can be people: of ASCII, without quotes.
var addressForm = pattern.New("^[a-z0-9!#$&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9-]+(\\.[a-z0-9-]+)+$")

// Address is a mail address as people are named by it, in lower case; an error is a
// [Refusal].
func Address(text string) (string, error) {
	a := strings.ToLower(strings.TrimSpace(text))
	if !addressForm.MatchString(a) || len(a) > 254 || a[0] == '-' || a[0] == '.' || strings.Contains(a, "..") || strings.Contains(a, ".@") {
		return "", refuse("%.80q is no mail address such as jane@example.org", text)
	}
	return a, nil
}

// packageForm is that of names of packages (Debian Policy §5.6.1).
var packageForm = pattern.New(`^[a-z0-9][a-z0-9+.-]{1,99}$`)

// Package is the name of a package, in lower case; an error is a [Refusal].
func Package(text string) (string, error) {
	name := strings.ToLower(strings.TrimPrefix(text, "src:"))
	if !packageForm.MatchString(name) {
		return "", refuse("%.80q is no name of a package", text)
	}
	return name, nil
}

func none(err error) bool { return errors.Is(err, sql.ErrNoRows) }
