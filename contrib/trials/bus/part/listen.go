package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"net/url"

	"busbar/common/event"
	"busbar/common/sqlfile"
	"busbar/common/subscribe"
)

// schema is what listen keeps: a row for each thing that was handed out.
const schema = `CREATE TABLE IF NOT EXISTS got (n INTEGER PRIMARY KEY, publisher TEXT, epoch TEXT, seq INTEGER, until INTEGER, id TEXT, topic TEXT, digest BLOB, gap TEXT)`

// most is how many messages share a transaction.
const most = 100

// listen keeps what comes, and the position, in one database.
func listen(ctx context.Context, o options) error {
	db, err := sqlfile.Open(o.out, 4, url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(60000)"}, "_txlock": {"immediate"}})
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return err
	}
	verifier, err := o.shared.Sign.Verifier(func(alarm string) { o.log.Error(alarm) })
	if err != nil {
		return err
	}
	s, err := subscribe.Open(ctx, subscribe.Options{Publishers: o.shared.Bus.Publishers(), Verifier: verifier, DB: db, From: subscribe.Start(), Log: o.log})
	if err != nil {
		return err
	}
	defer s.Close()
	for {
		var list []*subscribe.Message
		for len(list) == 0 || len(list) < most && s.Pending() > 0 {
			m, err := s.Next(ctx)
			if err != nil {
				return err
			}
			list = append(list, m)
		}
		if err := keep(ctx, db, s, list); err != nil {
			return err
		}
		if err := s.Ack(ctx, list...); err != nil {
			return err
		}
	}
}

func keep(ctx context.Context, db *sql.DB, s *subscribe.Subscriber, list []*subscribe.Message) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after the commit it does nothing
	for _, m := range list {
		if g := m.Gap; g != nil {
			_, err = tx.ExecContext(ctx, "INSERT INTO got (publisher, epoch, seq, until, gap) VALUES (?, ?, ?, ?, ?)", g.Publisher, g.Epoch, g.From, g.To, string(g.Reason))
		} else {
			e := m.Envelope
			var text []byte
			if text, err = event.Canonical(m.Tree); err != nil {
				return err
			}
			sum := sha256.Sum256(text)
			_, err = tx.ExecContext(ctx, "INSERT INTO got (publisher, epoch, seq, id, topic, digest) VALUES (?, ?, ?, ?, ?, ?)", e.Publisher, e.Epoch, e.Seq, e.MsgID, m.Topic, sum[:])
		}
		if err != nil {
			return err
		}
	}
	if err := s.Record(ctx, tx, list...); err != nil {
		return err
	}
	return tx.Commit()
}
