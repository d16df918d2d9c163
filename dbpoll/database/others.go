package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// A plain is a database that is reached through database/sql, by one
// connection that is kept.
type plain struct {
	db       *sql.DB
	c        *sql.Conn
	opening  []string // statements that begin a snapshot
	stopping string
	timeout  time.Duration
	dialect  string
}

func mariaConfig(o Options) (*mysql.Config, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", u.Host
	if u.Port() == "" {
		c.Addr += ":3306"
	}
	if socket := u.Query().Get("socket"); socket != "" {
		c.Net, c.Addr = "unix", socket
	}
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.DBName = strings.TrimPrefix(u.Path, "/")
	c.Timeout = 10 * time.Second
	c.InterpolateParams = true // else values come in another form than without parameters
	c.ReadTimeout = o.StatementTimeout + 10*time.Second
	if c.DBName == "" {
		return nil, errors.New("opening the database: the url names no database: mysql://USER@HOST/DATABASE")
	}
	return c, nil
}

func dialMariaDB(ctx context.Context, o Options) (session, error) {
	c, err := mariaConfig(o)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	seconds := strconv.FormatFloat(o.StatementTimeout.Seconds(), 'f', 3, 64)
	return keep(ctx, sql.OpenDB(connector), o, MariaDB, []string{
		"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
		"SET SESSION time_zone = '+00:00', lock_wait_timeout = " + strconv.Itoa(int(o.LockTimeout.Seconds()+1)),
		"/*M! SET SESSION max_statement_time = " + seconds + " */",
		"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
	}, "ROLLBACK")
}

func keep(ctx context.Context, db *sql.DB, o Options, dialect string, opening []string, stopping string) (*plain, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &plain{db: db, c: c, opening: opening, stopping: stopping, timeout: o.StatementTimeout, dialect: dialect}, nil
}

func (p *plain) begin(ctx context.Context) error {
	for _, text := range p.opening {
		if _, err := p.c.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

func (p *plain) query(ctx context.Context, text string, args []any, visit func([][]byte) error) (columns []Column, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, errors.New("the statement took longer than [db] statement_timeout"))
	defer cancel()
	defer func() { err = late(ctx, err) }()
	rows, err := p.c.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.DatabaseTypeName()
		columns = append(columns, Column{t.Name(), p.kindOf(names[i])})
	}
	values, dest, row := make([]any, len(types)), make([]any, len(types)), make([][]byte, len(types))
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return columns, err
		}
		for i, v := range values {
			row[i] = bytesOf(v, p.dialect, names[i])
		}
		if err := visit(row); err != nil {
			return columns, err
		}
	}
	return columns, rows.Err()
}

// kindOf is what a MariaDB type means; SQLite's columns have none to go by.
func (p *plain) kindOf(typeName string) kind {
	switch {
	case p.dialect != MariaDB:
		return short
	case typeName == "FLOAT":
		return single
	case typeName == "TIMESTAMP":
		return utc
	case strings.HasSuffix(typeName, "TEXT"), strings.HasSuffix(typeName, "BLOB"), typeName == "JSON", typeName == "GEOMETRY":
		return long
	}
	return short
}

// stream is a query: both drivers hand rows on as they come.
func (p *plain) stream(ctx context.Context, text string, visit func([][]byte) error) error {
	_, err := p.query(ctx, text, nil, visit)
	return err
}

func (p *plain) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), p.timeout)
	defer cancel()
	_, err := p.c.ExecContext(ctx, p.stopping)
	return err
}

func (p *plain) close() error { return errors.Join(p.c.Close(), p.db.Close()) }
