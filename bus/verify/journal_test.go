package verify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/sign"
)

// makeJournal is `mkjournal FILE COUNT`: signed messages, and one kept aside.
func makeJournal(args []string) (err error) {
	ctx := context.Background()
	signer, err := sign.LoadSigner(os.Getenv("PKI")+"/bridge-feeder.example.org.crt", os.Getenv("PKI")+"/bridge-feeder.example.org.key")
	if err != nil {
		return err
	}
	j, err := journal.Open(ctx, journal.Options{
		Path: args[0], Seal: signer.Seal,
		Identity: journal.Identity{Prefix: "org.debian", Environment: "dev", Name: "mail2bus.host", Username: "mail2bus"},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	kind := event.Define("notes.note.create", "a note", func(map[string]string) string { return "a note" }, nil)
	for i := range count {
		e := event.Event{Kind: kind, Key: strconv.Itoa(i), Time: time.Unix(1.7e9, 0), Body: map[string]string{"text": "note"}}
		if _, err := j.Append(ctx, journal.Record{Origin: "test", Received: time.Now(), Events: []event.Event{e}}); err != nil {
			return err
		}
	}
	return nil
}

// editJournal is `sql FILE STATEMENT`: what somebody with the right to write
// could do.
func editJournal(args []string) error {
	db, err := sql.Open("sqlite", args[0])
	if err != nil {
		return err
	}
	defer db.Close()
	result, err := db.Exec(args[1])
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("nothing was changed (%v)", err)
	}
	return nil
}
