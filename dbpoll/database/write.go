package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// A Cell is a column's value.
type Cell struct{ Column, Value string }

// ReplaceRow puts a row in the place of the one with that key, in one transaction, on a
// connection of its own. It is for what this program itself brings into a table made
// for it; all else is only ever read.
func ReplaceRow(ctx context.Context, o Options, table string, key, other Cell) (err error) {
	db, err := Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing a row of %s: %w", table, hide(o.URL, err))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, db.o.StatementTimeout+grace)
	defer cancel()
	place := func(n int) string {
		if db.dialect == PostgreSQL {
			return "$" + strconv.Itoa(n)
		}
		return "?"
	}
	q := func(name string) string { return quote(db.dialect, name) }
	to := quoteTable(db.dialect, table)
	statements := []statement{
		{"DELETE FROM " + to + " WHERE " + q(key.Column) + " = " + place(1), []string{key.Value}},
		{"INSERT INTO " + to + " (" + q(key.Column) + ", " + q(other.Column) + ") VALUES (" + place(1) + ", " + place(2) + ")", []string{key.Value, other.Value}},
	}
	switch db.dialect {
	case PostgreSQL:
		return writePostgres(ctx, db.o, statements)
	case MariaDB:
		c, err := mariaConfig(db.o)
		if err != nil {
			return err
		}
		connector, err := mysql.NewConnector(c)
		if err != nil {
			return err
		}
		return writePlain(ctx, sql.OpenDB(connector), statements)
	}
	uri := url.URL{Scheme: "file", Opaque: (&url.URL{Path: sqlitePath(db.o)}).EscapedPath(), RawQuery: url.Values{
		"mode": {"rw"}, "_txlock": {"immediate"}, "_pragma": {"busy_timeout(" + strconv.FormatInt(db.o.LockTimeout.Milliseconds(), 10) + ")"},
	}.Encode()}
	file, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return err
	}
	return writePlain(ctx, file, statements)
}

type statement struct {
	text string
	args []string
}

func writePostgres(ctx context.Context, o Options, statements []statement) error {
	config, err := postgresConfig(o)
	if err != nil {
		return err
	}
	c, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return advise(err)
	}
	p := &postgres{c, o}
	err = p.do(ctx, "BEGIN; SET LOCAL lock_timeout = "+strconv.FormatInt(o.LockTimeout.Milliseconds(), 10))
	for _, s := range statements {
		if err == nil {
			args := make([]any, len(s.args))
			for i, a := range s.args {
				args[i] = a
			}
			_, err = p.query(ctx, s.text, args, nil)
		}
	}
	if err == nil {
		err = p.do(ctx, "COMMIT")
	}
	return errors.Join(err, p.close()) // closed without a commit, nothing is written
}

func writePlain(ctx context.Context, db *sql.DB, statements []statement) (err error) {
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, s := range statements {
		args := make([]any, len(s.args))
		for i, a := range s.args {
			args[i] = a
		}
		if _, err := tx.ExecContext(ctx, s.text, args...); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}
