package database

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A postgres speaks the wire protocol itself: every value comes as text, of
// whatever type it is, and no type is ever asked for.
type postgres struct {
	c *pgconn.PgConn
	o Options
}

func postgresConfig(o Options) (*pgconn.Config, error) {
	c, err := pgconn.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 10 * time.Second
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = o.Application
	}
	return c, nil
}

func dialPostgres(ctx context.Context, o Options) (session, error) {
	config, err := postgresConfig(o)
	if err != nil {
		return nil, err
	}
	c, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, advise(err)
	}
	return &postgres{c, o}, nil
}

// grace is what the server gets beyond its own time limits to say that they
// were passed. One that says nothing, hung or cut off, is given up.
const grace = 10 * time.Second

func (p *postgres) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, p.o.StatementTimeout+grace, fmt.Errorf("the server did not answer within %s", p.o.StatementTimeout+grace))
}

// do runs statements without results.
func (p *postgres) do(ctx context.Context, statements string) error {
	bound, cancel := p.bounded(ctx)
	defer cancel()
	_, err := p.c.Exec(bound, statements).ReadAll()
	return late(bound, err)
}

// late says why a context ended what failed.
func late(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	return err
}

func (p *postgres) begin(ctx context.Context) error {
	encoding := "UTF8"
	if p.c.ParameterStatus("server_encoding") == "SQL_ASCII" {
		encoding = "SQL_ASCII" // the server can convert nothing: the bytes are ours to read
	}
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	return p.do(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "+
		"SET LOCAL statement_timeout = "+ms(p.o.StatementTimeout)+"; SET LOCAL lock_timeout = "+ms(p.o.LockTimeout)+"; "+
		// If we hang, the server must not keep our snapshot for ever.
		"SET LOCAL idle_in_transaction_session_timeout = "+ms(p.o.StatementTimeout)+"; "+
		"SET LOCAL client_encoding = '"+encoding+"'; SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL timezone = 'UTC'; "+
		"SET LOCAL intervalstyle = 'postgres'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; "+
		// We read to the end; parallel workers are for those who are in a hurry.
		"SET LOCAL cursor_tuple_fraction = 1; SET LOCAL max_parallel_workers_per_gather = 0")
}

func (p *postgres) query(ctx context.Context, text string, args []any, visit func([][]byte) error) ([]Column, error) {
	values := make([][]byte, len(args))
	for i, a := range args {
		values[i] = fmt.Append([]byte{}, a) // nil would be NULL
	}
	bound, cancel := p.bounded(ctx)
	defer cancel()
	columns, err := p.read(p.c.ExecParams(bound, text, values, nil, nil, nil), visit)
	return columns, late(bound, err)
}

func (p *postgres) read(rr *pgconn.ResultReader, visit func([][]byte) error) (columns []Column, err error) {
	for _, f := range rr.FieldDescriptions() {
		c := Column{Name: f.Name}
		if f.DataTypeSize < 0 { // of any length
			c.kind = long
		}
		columns = append(columns, c)
	}
	for err == nil && rr.NextRow() {
		err = visit(rr.Values())
	}
	_, cerr := rr.Close()
	return columns, errors.Join(err, cerr)
}

// stream reads through a cursor: each fetch is bounded, and has the time limit
// of a statement to itself.
func (p *postgres) stream(ctx context.Context, text string, visit func([][]byte) error) error {
	if err := p.do(ctx, "DECLARE busbar NO SCROLL CURSOR FOR "+text); err != nil {
		return err
	}
	fetch := "FETCH " + strconv.Itoa(p.o.Fetch) + " FROM busbar"
	for {
		n := 0
		_, err := p.query(ctx, fetch, nil, func(row [][]byte) error { n++; return visit(row) })
		if errors.Is(err, ErrEnough) {
			return errors.Join(err, p.do(ctx, "CLOSE busbar"))
		}
		if err != nil {
			return err
		}
		if n < p.o.Fetch {
			return p.do(ctx, "CLOSE busbar")
		}
	}
}

func (p *postgres) end() error {
	if p.c.IsClosed() {
		return errors.New("the connection is closed")
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.o.LockTimeout)
	defer cancel()
	_, err := p.c.Exec(ctx, "ROLLBACK").ReadAll()
	return err
}

func (p *postgres) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return p.c.Close(ctx)
}

// Listen calls wake whenever somebody notifies the channel, until ctx ends or
// the connection breaks; and once when it begins, for what was notified before.
func Listen(ctx context.Context, o Options, channel string, wake func()) error {
	config, err := postgresConfig(o)
	if err != nil {
		return err
	}
	config.OnNotification = func(*pgconn.PgConn, *pgconn.Notification) { wake() }
	c, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("listening for %s: %w", channel, hide(o.URL, advise(err)))
	}
	defer c.Close(context.WithoutCancel(ctx))
	if _, err := c.Exec(ctx, "LISTEN "+quote(PostgreSQL, channel)).ReadAll(); err != nil {
		return fmt.Errorf("listening for %s: %w", channel, err)
	}
	wake()
	for {
		if err := c.WaitForNotification(ctx); err != nil {
			return fmt.Errorf("listening for %s: %w", channel, err)
		}
	}
}

// advise adds what a person can do about the errors that they meet most.
func advise(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	hint := map[string]string{
		"42501": "grant SELECT to the account (contrib/sql has the statements)",
		"42P01": "check the table's name; it may need its schema before it",
		"28P01": "check the password, or ~/.pgpass",
		"28000": "check pg_hba.conf on the server",
		"3D000": "check the database's name",
		"57014": "the statement took longer than [db] statement_timeout",
		"55P03": "a lock was held longer than [db] lock_timeout; it is tried again",
	}[pg.Code]
	if hint == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, hint)
}
