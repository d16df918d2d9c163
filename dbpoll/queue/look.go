package queue

import (
	"context"
	"errors"

	"busbar/dbpoll/database"
)

// Look tells what the account may read, without polling. architectures are
// those that are wanted; none: all.
func Look(ctx context.Context, db *database.DB, architectures []string) (a Access, err error) {
	s, err := db.Begin(ctx)
	if err != nil {
		return Access{}, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	a, _, err = find(ctx, s, db.Dialect(), architectures)
	return a, err
}
