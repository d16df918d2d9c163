package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"busbar/common/sqlfile"
	"busbar/contrib/trials/trial"
)

// A source is where a publisher's messages come from.
type source interface {
	// want says how many messages there are to be.
	want(n int) error
	// feed brings them there, until ctx ends; at the source's own pace.
	feed(ctx context.Context) error
	// said is how many of them the publisher has in its journal.
	said(ctx context.Context, p *publisher) (int, error)
	wanted() int
}

// counted is a source that is fed by the trial, one thing for each message.
type counted struct {
	limit atomic.Int64
	rate  float64
	put   func(ctx context.Context, n int) error
}

func (c *counted) want(n int) error { c.limit.Store(int64(n)); return nil }
func (c *counted) wanted() int      { return int(c.limit.Load()) }

func (c *counted) said(ctx context.Context, p *publisher) (int, error) {
	n, err := trial.Stored(ctx, p.journal)
	return int(n), err
}

func (c *counted) feed(ctx context.Context) error {
	tick := time.NewTicker(time.Duration(float64(time.Second) / c.rate))
	defer tick.Stop()
	for n := 1; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if n > c.wanted() {
			continue
		}
		if err := c.put(ctx, n); err != nil {
			return err
		}
		n++
	}
}

// newMails is a Maildir for mail2bus, and what its configuration says of it.
func (s *site) newMails(rate float64) (source, string, error) {
	dir := trial.Maildir(s.Path("maildir"))
	if err := dir.Make(); err != nil {
		return nil, "", err
	}
	put := func(_ context.Context, n int) error {
		text := fmt.Appendf(nil, "From: Nora Ortega <nora@example.org>\nTo: trial@lists.example.org\nList-Id: <trial.lists.example.org>\n"+
			"Message-ID: <%d.trial@example.org>\nDate: %s\nSubject: mail %d\n\nThis is number %d.\n", n, time.Now().Format(time.RFC1123Z), n, n)
		return dir.Deliver(fmt.Sprintf("%d.M%dP1Q%d.trial", time.Now().Unix(), time.Now().Nanosecond()/1000, n), text)
	}
	return &counted{rate: rate, put: put}, fmt.Sprintf("[mail]\nmaildir = [%q]\n", dir), nil
}

// newRows is a table for dbpoll, in SQLite, and what its configuration says of it.
func (s *site) newRows(ctx context.Context, rate float64) (source, string, error) {
	db, err := sqlfile.Open(s.Path("shop.db"), 1, url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(OFF)", "busy_timeout(60000)"}})
	if err != nil {
		return nil, "", err
	}
	s.Undo(db.Close)
	if _, err := db.ExecContext(ctx, "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)"); err != nil {
		return nil, "", err
	}
	return &counted{rate: rate, put: func(ctx context.Context, n int) error { return insert(ctx, db, n) }},
		fmt.Sprintf("[db]\nurl = %q\ninterval = \"1s\"\n[[table]]\nname = \"notes\"\nkey = [\"id\"]\ntopic = \"shop.note\"\nsentence = \"{{.text}}\"\n", "sqlite:"+s.Path("shop.db")), nil
}

func insert(ctx context.Context, db *sql.DB, n int) error {
	_, err := db.ExecContext(ctx, "INSERT INTO notes VALUES (?, ?)", n, fmt.Sprintf("row %d", n))
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// notes are what part's feed says.
type notes struct {
	file string
	n    atomic.Int64
}

func (c *notes) want(n int) error {
	c.n.Store(int64(n))
	if err := os.WriteFile(c.file+".new", fmt.Appendln(nil, n), 0o600); err != nil {
		return err
	}
	return os.Rename(c.file+".new", c.file)
}

func (c *notes) wanted() int { return int(c.n.Load()) }

func (c *notes) feed(ctx context.Context) error { <-ctx.Done(); return nil }

func (c *notes) said(context.Context, *publisher) (int, error) {
	text, err := os.ReadFile(c.counter())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// counter is the file with how many were said.
func (c *notes) counter() string { return c.file + ".said" }
