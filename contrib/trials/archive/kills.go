package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"busbar/common/archive"
	"busbar/contrib/trials/trial"
)

// perFile is how many messages one file has that is imported.
const perFile = 2000

// kills imports files of messages with the real program, and kills it at random
// moments. Each file is imported again until that ends by itself; at the end the
// archive must have each message once, in order, and be whole.
func (b *bench) kills(ctx context.Context, s *trial.Site) (string, error) {
	r := rand.New(rand.NewPCG(b.o.Seed, 2))
	speaker, err := newSpeaker(b.o.Seed, b.o.messages)
	if err != nil {
		return "", err
	}
	// Whoever made the large archive counts for itself.
	if err := s.Configure("bus", "[bus]\n[sign]\nbackend = \"none\"\n"); err != nil {
		return "", err
	}
	path, file := s.Path("killed.db"), s.Path("messages.ndjson")
	var said [][]byte
	killed, whole := 0, time.Duration(0) // of an import that nobody kills: the first, and those that end
	for killed < b.o.kills {
		list, err := speaker.say(int64(len(said)), perFile)
		if err != nil {
			return "", err
		}
		said = append(said, list...)
		if err := os.WriteFile(file, append(bytes.Join(list, []byte("\n")), '\n'), 0o600); err != nil {
			return "", err
		}
		for n := 0; ; n++ {
			if n > 20 { // the machine is slower than it was
				n, whole = 0, 0
			}
			cmd := s.Command(ctx, "bus", "archive", "import", "--no-verify", "--archive", path, file)
			began := time.Now()
			if err := cmd.Start(); err != nil {
				return "", err
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			// Somewhere within the time that it needs: most are killed, some end.
			select {
			case err = <-ended:
			case <-after(whole, r):
				if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
					return "", err
				}
				if err = <-ended; err != nil {
					killed++
					continue
				}
			}
			if err != nil {
				return "", fmt.Errorf("an import that nobody killed failed: %w", err)
			}
			whole = time.Since(began)
			break
		}
	}
	missing, doubled, err := compareArchive(ctx, path, said)
	if err != nil {
		return "", err
	}
	faults, err := wholeFile(ctx, path)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("writer killed %d times while it stored %d messages: lost %d, doubled %d; faults of the file: %d", killed, len(said), missing, doubled, len(faults))
	return text, trial.Verdict([]trial.Count{{N: missing, What: "lost"}, {N: doubled, What: "doubled or changed"}, {N: len(faults), What: "faults"}}, faults...)
}

// after is a moment within a time, or a little later; never where there is none.
func after(whole time.Duration, r *rand.Rand) <-chan time.Time {
	if whole == 0 {
		return nil
	}
	return time.After(time.Duration(r.Int64N(int64(whole) * 5 / 4)))
}

// compareArchive reads an archive from its start and compares it with what was said.
func compareArchive(ctx context.Context, path string, said [][]byte) (missing, doubled int, err error) {
	reader, err := archive.OpenReader(ctx, path)
	if err != nil {
		return 0, 0, err
	}
	defer reader.Close()
	at, have := int64(0), 0
	for {
		list, err := reader.After(ctx, at, 0)
		if err != nil || len(list) == 0 {
			return len(said) - have, doubled, err
		}
		for _, m := range list {
			if have >= len(said) || !bytes.Equal(m.Wire, said[have]) {
				doubled++
				continue
			}
			have++
		}
		at = list[len(list)-1].N
	}
}

// wholeFile asks SQLite for faults of the file, and whether its tables fit together.
func wholeFile(ctx context.Context, path string) (faults []string, err error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, `SELECT 'file: ' || integrity_check FROM pragma_integrity_check WHERE integrity_check != 'ok'
		UNION ALL SELECT 'not all messages are found' WHERE (SELECT count(*) FROM messages) != (SELECT count(*) FROM words_docsize)
		UNION ALL SELECT 'not all messages are counted' WHERE (SELECT count(*) FROM messages) != (SELECT sum(count) FROM hours, names WHERE names.kind = 0 AND hours.name = names.id)
		UNION ALL SELECT 'a message has no id' WHERE (SELECT count(*) FROM messages) != (SELECT count(*) FROM ids)`)
	if err != nil {
		return nil, fmt.Errorf("checking %s: %w", path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var fault string
		if err := rows.Scan(&fault); err != nil {
			return nil, err
		}
		faults = append(faults, fault)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO words (words) VALUES ('integrity-check')"); err != nil {
		faults = append(faults, "words: "+err.Error())
	}
	return faults, nil
}
