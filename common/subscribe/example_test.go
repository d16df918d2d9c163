package subscribe_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"busbar/common/subscribe"
)

// A program that handles each message, and begins after a restart where it was.
func Example() {
	publishers, verifier, file, stop := bus(3)
	defer stop()

	s, err := subscribe.Open(context.Background(), subscribe.Options{
		Publishers: publishers, // such as srv:example.org or file:/etc/busbar/publishers.toml
		Verifier:   verifier,
		File:       file,
		From:       subscribe.Start(),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	for range 3 {
		m, err := s.Next(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		if m.Gap != nil {
			fmt.Println("missing:", m.Gap)
		} else {
			fmt.Println(m.Envelope.Seq, m.Envelope.Title, "by", m.Signer)
		}
		if err := s.Ack(context.Background(), m); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// 1 note 1 by bridge-feeder.example.org
	// 2 note 2 by bridge-feeder.example.org
	// 3 note 3 by bridge-feeder.example.org
}

// A program that keeps what it makes of the messages in a database, and the position
// in the same transaction: both or neither are there after a crash.
func ExampleSubscriber_Record() {
	publishers, verifier, file, stop := bus(2)
	defer stop()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE IF NOT EXISTS notes (title TEXT)"); err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	s, err := subscribe.Open(ctx, subscribe.Options{Publishers: publishers, Verifier: verifier, DB: db, From: subscribe.Start()})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	for range 2 {
		m, err := s.Next(ctx)
		if err != nil {
			log.Fatal(err)
		}
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := tx.Exec("INSERT INTO notes VALUES (?)", m.Envelope.Title); err != nil {
			log.Fatal(err)
		}
		if err := s.Record(ctx, tx, m); err != nil {
			log.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			log.Fatal(err)
		}
		if err := s.Ack(ctx, m); err != nil {
			log.Fatal(err)
		}
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM notes").Scan(&n); err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, "notes")
	// Output: 2 notes
}

// A program that wants to know whether it still hears everything.
func ExampleSubscriber_Status() {
	publishers, verifier, file, stop := bus(1)
	defer stop()
	s, err := subscribe.Open(context.Background(), subscribe.Options{
		Publishers: publishers, Verifier: verifier, File: file,
		From: subscribe.Since(time.Now().Add(-time.Hour)),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	m, err := s.Next(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	if err := s.Ack(context.Background(), m); err != nil {
		log.Fatal(err)
	}
	for _, one := range s.Status().Streams {
		fmt.Println(one.Publisher, one.Position, "of", one.Newest)
	}
	for _, what := range s.Status().Conditions() {
		fmt.Println(what) // such as: deaf: the position of … stands at 7 while it says 9
	}
	// Output: notes.host 1 of 1
}
