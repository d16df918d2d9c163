package bustest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"busbar/bus/kinds"
	"busbar/common/archive"
	"busbar/common/event"
)

// Golden are the messages that the golden files below a folder of fixtures become,
// unsigned, each id once: of one publisher, a minute behind each other, from first on.
func Golden(fixtures string, first time.Time) ([]event.Envelope, error) {
	files, err := filepath.Glob(filepath.Join(fixtures, "*", "*.events.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("reading golden files: none is in %s (%w)", fixtures, err)
	}
	var list []event.Envelope
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var golden struct {
			Events []struct {
				Topic, ID, Time, Title, Link string
				Body                         json.RawMessage
			}
		}
		if err := json.Unmarshal(text, &golden); err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		for _, g := range golden.Events {
			if seen[g.ID] {
				continue
			}
			seen[g.ID] = true
			body, err := event.Parse(g.Body)
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", file, err)
			}
			n := int64(len(list) + 1)
			list = append(list, event.Envelope{
				Topic: "org.debian.dev." + g.Topic, MsgID: g.ID, EventTime: g.Time, Title: g.Title, Link: g.Link, Msg: body,
				Timestamp: first.Unix() + 60*n, I: n, Seq: n, Publisher: "mail2bus-one", Epoch: "e1", Username: "mail2bus",
			})
		}
	}
	return list, nil
}

// Incoming is a message as an archive takes it.
func Incoming(e event.Envelope) (archive.Incoming, error) {
	wire, err := event.Canonical(e.Tree())
	if err != nil {
		return archive.Incoming{}, err
	}
	return archive.Read(wire)
}

// Archived makes an archive of all golden files, for [Peer]: ARCHIVE FIXTURES.
func Archived(args []string) (err error) {
	ctx := context.Background()
	if len(args) != 2 {
		return errors.New("usage: archived ARCHIVE FIXTURES")
	}
	list, err := Golden(args[1], time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC))
	if err != nil {
		return err
	}
	present, err := kinds.Present()
	if err != nil {
		return err
	}
	a, err := archive.Open(ctx, archive.Options{Path: args[0], States: present})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	var b archive.Batch
	for _, e := range list {
		m, err := Incoming(e)
		if err != nil {
			return err
		}
		b.Messages = append(b.Messages, m)
	}
	_, err = a.Append(ctx, b)
	return err
}
