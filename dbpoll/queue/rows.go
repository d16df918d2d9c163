package queue

import (
	"context"
	"errors"

	"busbar/common/dbrow"
	"busbar/dbpoll/database"
)

// Rows hands over each package of the queue that the account may read, as it is at one
// moment: the rows that the channel compares.
func Rows(ctx context.Context, db *database.DB, visit func(dbrow.Columns) error) (err error) {
	s, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	a, parts, err := find(ctx, s, db.Dialect(), nil)
	if err != nil {
		return err
	}
	if a.Level == None {
		return errors.New("reading the queue: it holds none that the account may read")
	}
	for _, p := range parts {
		each := func(r database.Row) error {
			r.Columns["architecture"] = &p.arch // each part is of one
			return visit(r.Columns)
		}
		if err := s.Full(ctx, p.packages, each); err != nil {
			return err
		}
	}
	return nil
}
