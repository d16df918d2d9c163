package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"busbar/common/archive"
	"busbar/common/event"
)

// batch is how many messages are copied in one transaction.
const batch = 500

// columns of a message; words is made by the server.
var columns = []string{"arrival", "id", "topic", "published", "happened", "publisher", "epoch", "seq", "title", "link",
	"packages", "bugs", "people", "suites", "architectures", "repositories", "body", "wire"}

const bodyColumn = 16

// Step copies the next messages, and the states that they changed; it says how many there
// were. None: the copy has all.
func (c *Copy) Step(ctx context.Context) (n int, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("copying to PostgreSQL: %w", err)
		}
	}()
	list, err := c.o.Reader.After(ctx, c.at, batch)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the server took longer than %s", patience))
	defer cancel()
	rows, changed := make([][]any, 0, len(list)), map[thing]bool{}
	for _, m := range list {
		_, e, err := event.ParseMessage(m.Wire)
		if err != nil {
			return 0, fmt.Errorf("reading arrival %d: %w", m.N, err)
		}
		rows = append(rows, rowOf(m, e))
		for _, u := range c.o.States.Updates(e) {
			changed[thing{u.Kind, u.Key}] = true
		}
	}
	err = c.store(ctx, rows, changed)
	if dataFault(err) { // of one message
		for _, row := range rows {
			if row[bodyColumn], err = c.fits(ctx, row[bodyColumn]); err != nil {
				return 0, err
			}
		}
		err = c.store(ctx, rows, changed)
	}
	if err != nil {
		return 0, errors.Join(err, context.Cause(ctx))
	}
	c.at = list[len(list)-1].N
	return len(list), nil
}

// store stores messages, states and position in one transaction.
func (c *Copy) store(ctx context.Context, rows [][]any, changed map[thing]bool) error {
	tx, err := c.conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"messages"}, columns, pgx.CopyFromRows(rows)); err != nil {
		return fmt.Errorf("storing messages: %w", err)
	}
	if err := c.changedStates(ctx, tx, changed); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE meta SET value = $1 WHERE name = 'arrival'", fmt.Sprint(rows[len(rows)-1][0])); err != nil {
		return fmt.Errorf("storing the position: %w", err)
	}
	return tx.Commit(ctx)
}

// rowOf is a message as its row.
func rowOf(m archive.Message, e event.Envelope) []any {
	about := event.AboutOf(e.Msg)
	var publisher, epoch, seq, happened, body any
	if m.Publisher != "" {
		publisher, epoch, seq = plain(m.Publisher), plain(m.Epoch), m.Seq
	}
	if at, err := time.Parse(time.RFC3339, e.EventTime); err == nil {
		happened = at.UTC()
	}
	if text, err := event.Canonical(e.Msg); err == nil && withoutNUL(string(text)) == string(text) {
		body = string(text)
	}
	return []any{m.N, plain(e.MsgID), plain(e.Topic), m.Time.UTC(), happened, publisher, epoch, seq, plain(e.Title), plain(e.Link),
		all(about.Packages), all(about.Bugs), all(about.People), all(about.Suites), all(about.Architectures), all(about.Repositories), body, m.Wire}
}

// plain is a text as PostgreSQL can have it: without NUL, in UTF-8.
func plain(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
}

func all(list []string) []string {
	plainly := make([]string, 0, len(list))
	for _, s := range list {
		plainly = append(plainly, plain(s))
	}
	return plainly
}

// fits is a body, or nothing where PostgreSQL cannot have it: a number beyond all bounds,
// half of a character. The message's bytes are there in any case.
func (c *Copy) fits(ctx context.Context, body any) (any, error) {
	var fits bool
	if err := c.conn.QueryRow(ctx, "SELECT as_json($1) IS NOT NULL", body).Scan(&fits); err != nil || !fits {
		return nil, err
	}
	return body, nil
}

// dataFault says whether a value is what the server cannot take (classes 22 and 54).
func dataFault(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (strings.HasPrefix(e.Code, "22") || strings.HasPrefix(e.Code, "54"))
}
