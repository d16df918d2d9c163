package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
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
	return keep(ctx, sql.OpenDB(connector), o, []string{
		"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
		"SET SESSION time_zone = '+00:00', lock_wait_timeout = " + strconv.Itoa(int(o.LockTimeout.Seconds()+1)),
		"/*M! SET SESSION max_statement_time = " + seconds + " */",
		"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
	}, "ROLLBACK")
}

func dialSQLite(ctx context.Context, o Options) (session, error) {
	path := strings.TrimPrefix(strings.TrimPrefix(o.URL, "sqlite:"), "//")
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory", path)
	}
	uri := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{
		"mode": {"ro"}, "_pragma": {"query_only(ON)", "busy_timeout(" + strconv.FormatInt(o.LockTimeout.Milliseconds(), 10) + ")"},
	}.Encode()}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, err
	}
	return keep(ctx, db, o, []string{"BEGIN"}, "ROLLBACK")
}

func keep(ctx context.Context, db *sql.DB, o Options, opening []string, stopping string) (session, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &plain{db: db, c: c, opening: opening, stopping: stopping, timeout: o.StatementTimeout}, nil
}

func (p *plain) begin(ctx context.Context) error {
	for _, text := range p.opening {
		if _, err := p.c.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

func (p *plain) query(ctx context.Context, text string, args []any, visit func([][]byte) error) (columns []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	rows, err := p.c.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if columns, err = rows.Columns(); err != nil {
		return nil, err
	}
	raw := make([]sql.RawBytes, len(columns))
	dest, row := make([]any, len(columns)), make([][]byte, len(columns))
	for i := range raw {
		dest[i] = &raw[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return columns, err
		}
		for i, v := range raw {
			row[i] = v
		}
		if err := visit(row); err != nil {
			return columns, err
		}
	}
	return columns, rows.Err()
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
