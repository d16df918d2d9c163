// Package postgres keeps a copy of a hub's archive in PostgreSQL, for who asks in SQL.
//
// The copy's position is stored in the transaction of what was copied: whatever ends a
// copying, the next one goes on there, and nothing is there twice.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"busbar/common/archive"
	"busbar/common/secret"
	"busbar/common/state"
)

// patience bounds each step with the server: connecting, a statement, a batch.
const patience = 2 * time.Minute

// Options say what is copied, and where to.
type Options struct {
	// URL is the database's: postgres://USER@HOST/DATABASE, or service=NAME. A password
	// belongs into the file that PGPASSFILE names (libpq §34.16).
	URL    string
	Schema string // of the tables; made where it is not there
	Reader *archive.Reader
	States *state.Table // by which the archive makes its states
}

// Errors that stay, whatever is tried again.
var (
	// ErrOther says that the schema has the copy of another archive, or of this one in a
	// newer form.
	ErrOther = errors.New("the schema holds something else")
	// ErrOptions is wrapped where an option cannot be so.
	ErrOptions = errors.New("this cannot be")
)

// A Copy is the copy of an archive in a database. It is for one goroutine.
type Copy struct {
	o      Options
	conn   *pgx.Conn
	at     int64         // the arrival up to which messages were copied
	stated int64         // up to here, messages change no state that is not stored yet
	ahead  *part         // what was read already
	known  map[name]bool // some of the names that are stored
}

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Open connects, and makes the tables where they are not there.
func Open(ctx context.Context, o Options) (*Copy, error) {
	if !schemaName.MatchString(o.Schema) {
		return nil, fmt.Errorf("copying to PostgreSQL: %w: schema %.80q (small letters, digits and _)", ErrOptions, o.Schema)
	}
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("copying to PostgreSQL: %w: %w", ErrOptions, secret.Hide(o.URL, err))
	}
	config.RuntimeParams["application_name"] = "bus archive copy"
	config.RuntimeParams["client_encoding"] = "UTF8"
	config.RuntimeParams["timezone"] = "UTC"
	// A server that we left behind in the middle must not keep what we locked.
	config.RuntimeParams["idle_in_transaction_session_timeout"] = fmt.Sprint(patience.Milliseconds())
	bound, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := pgx.ConnectConfig(bound, config)
	if err != nil {
		return nil, fmt.Errorf("copying to PostgreSQL: connecting: %w", secret.Hide(o.URL, err))
	}
	c := &Copy{o: o, conn: conn, known: map[name]bool{}}
	// Messages are compressed, by what is quicker where the server knows it.
	_, err = conn.Exec(bound, `SELECT set_config(name, 'lz4', false) FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)`)
	if err == nil {
		err = c.prepare(bound, ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("copying to PostgreSQL: %w", err), c.Close())
	}
	return c, nil
}

// At is the arrival up to which messages were copied.
func (c *Copy) At() int64 { return c.at }

// Close ends the connection.
func (c *Copy) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return c.conn.Close(ctx)
}

// Stays says whether the same would fail again: the data, rights, names or passwords are
// wrong, and not the server's day (PostgreSQL, appendix A).
func Stays(err error) bool {
	if errors.Is(err, ErrOther) || errors.Is(err, ErrOptions) {
		return true
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch e.Code[:2] {
	case "28", "3D", "3F", "42", "0A": // who, which database, which schema, rights and syntax, not supported
		return true
	}
	return false
}
