package present

import (
	"context"
	"encoding/json"
	"fmt"

	"busbar/adapters/wannabuild"
	"busbar/common/dbrow"
	"busbar/dbpoll/database"
	"busbar/dbpoll/queue"
)

// Queue is a build queue's database, read as dbpoll reads it: read-only, at one moment.
// Its address may be file:PATH, of a file that holds it.
func Queue(ctx context.Context, address string) (Source, error) {
	url, err := database.Address(address)
	if err != nil {
		return nil, err
	}
	db, err := database.Open(ctx, database.Options{URL: url, Application: "bus check"})
	if err != nil {
		return nil, err
	}
	return builds{db}, nil
}

type builds struct{ *database.DB }

// compare reads the whole queue into memory, a few hundred bytes a row.
func (b builds) compare(ctx context.Context, states States, keys []string) (f Found, err error) {
	rows := map[string]dbrow.Columns{}
	if err := queue.Rows(ctx, b.DB, func(row dbrow.Columns) error {
		rows[wannabuild.PresentKey(row)] = row
		return nil
	}); err != nil {
		return f, err
	}
	err = hand(ctx, states, wannabuild.Present(), keys, func(t thing) error {
		var value map[string]any
		if err := json.Unmarshal(t.Value, &value); err != nil {
			return fmt.Errorf("reading the state of %.80q: %w", t.Key, err)
		}
		f.add(t.Key, wannabuild.Differs(value, rows[t.Key]))
		delete(rows, t.Key)
		return nil
	})
	if keys == nil {
		f.Unknown = len(rows)
	}
	return f, err
}
