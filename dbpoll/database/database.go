package database

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Options say which database is read, and how gently. A zero takes the default
// in brackets.
type Options struct {
	// URL is postgres://USER@HOST/DATABASE or a libpq connection string
	// ("service=wanna-build"), mysql:// or mariadb://USER@HOST:PORT/DATABASE,
	// or sqlite:PATH.
	URL              string
	Application      string        // what the server's administrator sees of us
	StatementTimeout time.Duration // of one statement or fetch [1 min]
	LockTimeout      time.Duration // [5 s]
	Fetch            int           // rows of one fetch [10,000]
}

// Dialects.
const (
	PostgreSQL = "PostgreSQL"
	MariaDB    = "MariaDB"
	SQLite     = "SQLite"
)

// A DB is one connection to a database, opened when it is needed and opened
// again after trouble. It is for one goroutine at a time.
type DB struct {
	o       Options
	dialect string
	dial    func(context.Context, Options) (session, error)
	s       session
	dialed  int64           // connections so far
	sweeps  map[string]bool // tables whose keys cannot be compared by the server

	unsummed map[string]bool // tables that are too large to be summed up in one statement
}

// A session is one live connection.
type session interface {
	// begin starts a read-only snapshot.
	begin(ctx context.Context) error
	// query runs one statement; visit gets each row, whose bytes are its own
	// only until it returns. Columns are named even where there is no row.
	query(ctx context.Context, text string, args []any, visit func(row [][]byte) error) (columns []Column, err error)
	// stream is query in bounded fetches.
	stream(ctx context.Context, text string, visit func(row [][]byte) error) error
	end() error
	close() error
}

// Open checks the options. The database is connected when it is first read, so
// that one which is away is a transient error and no mistake.
func Open(_ context.Context, o Options) (*DB, error) {
	if o.Fetch <= 0 {
		o.Fetch = 10000
	}
	if o.StatementTimeout <= 0 {
		o.StatementTimeout = time.Minute
	}
	if o.LockTimeout <= 0 {
		o.LockTimeout = 5 * time.Second
	}
	db := &DB{o: o, sweeps: map[string]bool{}, unsummed: map[string]bool{}}
	scheme, _, _ := strings.Cut(o.URL, ":")
	var err error
	switch {
	case o.URL == "":
		err = errors.New("no url is set; such as postgres://guest@localhost/wanna-build")
	case scheme == "mysql" || scheme == "mariadb":
		db.dialect, db.dial = MariaDB, dialMariaDB
		_, err = mariaConfig(o)
	case scheme == "sqlite":
		db.dialect, db.dial = SQLite, dialSQLite
	case scheme == "postgres" || scheme == "postgresql" || strings.Contains(o.URL, "="):
		db.dialect, db.dial = PostgreSQL, dialPostgres
		_, err = postgresConfig(o)
	default:
		err = fmt.Errorf("%q is none of postgres://…, mysql://…, mariadb://…, sqlite:PATH and a libpq string such as service=wanna-build", Redact(o.URL))
	}
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", hide(o.URL, err))
	}
	return db, nil
}

// Dialect is PostgreSQL, MariaDB or SQLite.
func (db *DB) Dialect() string { return db.dialect }

// Close ends the connection.
func (db *DB) Close() error {
	if db.s == nil {
		return nil
	}
	s := db.s
	db.s = nil
	return s.close()
}

// Begin starts a snapshot: all that is read in it is of one moment. It must be
// closed before the next one begins, and soon: it holds back the server's
// cleaning.
func (db *DB) Begin(ctx context.Context) (*Snapshot, error) {
	for fresh := db.s == nil; ; fresh = true {
		if db.s == nil {
			s, err := db.dial(ctx, db.o)
			if err != nil {
				return nil, fmt.Errorf("connecting to the database: %w", hide(db.o.URL, err))
			}
			db.s = s
			db.dialed++
		}
		err := db.s.begin(ctx)
		if err == nil {
			return &Snapshot{db: db, s: db.s, decoded: map[string]int64{}}, nil
		}
		_ = db.Close() // the error that counts is err
		if fresh || ctx.Err() != nil {
			return nil, fmt.Errorf("beginning to read the database: %w", hide(db.o.URL, err))
		}
	}
}

// Describe names the columns of a table or view, as far as it may be read.
func (db *DB) Describe(ctx context.Context, table string) (columns []Column, err error) {
	s, err := db.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.Describe(ctx, table)
}
