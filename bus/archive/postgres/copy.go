package postgres

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"busbar/common/archive"
	"busbar/common/event"
)

// batch is how many messages are copied in one transaction.
const batch = 1000

// columns of a message.
var columns = []string{"arrival", "id", "topic", "published", "happened", "publisher", "epoch", "seq", "title", "link", "packages", "bugs",
	"people", "suites", "architectures", "repositories", "lists", "severities", "wire"}

// A part is messages that were read, as rows.
type part struct {
	last    int64 // its newest arrival
	rows    [][]any
	about   []about
	changed map[thing]bool
}

// Step copies the next messages, and the states that they changed; it says how many there
// were. None: the copy has all. While the server stores them, the following are read.
func (c *Copy) Step(ctx context.Context) (n int, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("copying to PostgreSQL: %w", err)
		}
	}()
	p := c.ahead
	c.ahead = nil
	if p == nil {
		if p, err = c.read(ctx, c.at); err != nil || p == nil {
			return 0, err
		}
	}
	var ahead *part
	var failed error
	read := make(chan struct{})
	go func() {
		defer close(read)
		ahead, failed = c.read(ctx, p.last)
	}()
	err = c.store(ctx, p)
	<-read
	if err != nil {
		return 0, err
	}
	c.at = p.last
	if failed == nil { // else the next step says it
		c.ahead = ahead
	}
	return len(p.rows), nil
}

// read reads what follows an arrival; nil: nothing does.
func (c *Copy) read(ctx context.Context, after int64) (*part, error) {
	list, err := c.o.Reader.After(ctx, after, batch)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	p := &part{last: list[len(list)-1].N, rows: make([][]any, len(list)), changed: map[thing]bool{}}
	found, things := make([][]about, len(list)), make([][]thing, len(list))
	err = each(len(list), func(i int) error {
		m := list[i]
		_, e, err := event.ParseMessage(m.Wire)
		if err != nil {
			return fmt.Errorf("reading arrival %d: %w", m.N, err)
		}
		what := event.AboutOf(e.Msg)
		p.rows[i], found[i] = rowOf(m, e, what), aboutOf(m, what)
		if m.N > c.stated {
			for _, u := range c.o.States.Updates(e) {
				things[i] = append(things[i], thing{u.Kind, u.Key})
			}
		}
		return nil
	})
	for i := range list {
		p.about = append(p.about, found[i]...)
		for _, t := range things[i] {
			p.changed[t] = true
		}
	}
	slices.SortFunc(p.about, about.compare) // neighbours in the index are written together
	p.about = slices.Compact(p.about)
	return p, err
}

// each does something for each of n, on all processors.
func each(n int, do func(i int) error) error {
	workers := min(runtime.GOMAXPROCS(0), n)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n && errs[w] == nil; i += workers {
				errs[w] = do(i)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// store stores messages, states and position in one transaction.
func (c *Copy) store(ctx context.Context, p *part) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the server took longer than %s", patience))
	defer cancel()
	defer func() {
		if err != nil {
			err = errors.Join(err, context.Cause(ctx))
		}
	}()
	tx, err := c.conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"stored"}, columns, pgx.CopyFromRows(p.rows)); err != nil {
		return fmt.Errorf("storing messages: %w", err)
	}
	fresh, err := c.storeAbout(ctx, tx, p.about)
	if err != nil {
		return err
	}
	if err := c.changedStates(ctx, tx, p.changed); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE meta SET value = $1 WHERE name = 'arrival'", fmt.Sprint(p.last)); err != nil {
		return fmt.Errorf("storing the position: %w", err)
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	c.know(fresh)
	return nil
}

// rowOf is a message as its row.
func rowOf(m archive.Message, e event.Envelope, what event.About) []any {
	var publisher, epoch, seq, happened any
	if m.Publisher != "" {
		publisher, epoch, seq = short(m.Publisher), plain(m.Epoch), m.Seq
	}
	if at, err := time.Parse(time.RFC3339, e.EventTime); err == nil {
		happened = at.UTC()
	}
	return []any{m.N, plain(e.MsgID), short(e.Topic), m.Time.UTC(), happened, publisher, epoch, seq, plain(e.Title), plain(e.Link),
		all(what.Packages), all(what.Bugs), all(what.People), all(what.Suites), all(what.Architectures), all(what.Repositories),
		all(what.Lists), all(what.Severities), m.Wire}
}

// plain is a text as PostgreSQL can have it: without NUL, in UTF-8.
func plain(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
}

// short is a text as an index can have it: its beginning.
func short(s string) string {
	if s = plain(s); len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "")
	}
	return s
}

func all(list []string) []string {
	plainly := make([]string, 0, len(list))
	for _, s := range list {
		plainly = append(plainly, plain(s))
	}
	return plainly
}

// dataFault says whether a value is what the server cannot take (classes 22 and 54).
func dataFault(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (strings.HasPrefix(e.Code, "22") || strings.HasPrefix(e.Code, "54"))
}
