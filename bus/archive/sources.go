package archive

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"busbar/bus/ask"
	"busbar/common/event"
	"busbar/common/journal"
)

// errForm says that what is read is not what it should be.
var errForm = errors.New("this is no message")

const maxLine = 64 << 20

// A taker takes one message.
type taker func(ctx context.Context, text []byte) error

// each hands over all messages that stand somewhere.
func each(ctx context.Context, from string, since time.Time, stdin io.Reader, take taker) error {
	switch {
	case remote(from):
		at, err := url.Parse(from)
		if err != nil {
			return err
		}
		if strings.HasSuffix(strings.TrimSuffix(at.Path, "/"), "/raw") || strings.HasSuffix(at.Path, "search") {
			return grepped(ctx, at, since, take)
		}
		return ofHub(ctx, from, since, take)
	case from == "-":
		return lines(ctx, stdin, take)
	}
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 16)
	if n, err := io.ReadFull(f, head); err == nil && bytes.Equal(head[:n], []byte("SQLite format 3\x00")) {
		return ofJournal(ctx, from, take)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return lines(ctx, f, take)
}

func remote(from string) bool {
	return strings.HasPrefix(from, "http://") || strings.HasPrefix(from, "https://")
}

// ofJournal hands over what a publisher said, in order.
func ofJournal(ctx context.Context, path string, take taker) error {
	r, err := journal.OpenReader(ctx, path)
	if err != nil {
		return err
	}
	defer r.Close()
	const batch = 500
	for seq := int64(0); ; {
		list, err := r.After(ctx, seq, batch)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, m := range list {
			seq = m.Seq
			if err := take(ctx, m.Wire); err != nil {
				return err
			}
		}
	}
}

// lines hands over a message a line. A last line without an end was cut.
func lines(ctx context.Context, in io.Reader, take taker) error {
	all := bufio.NewScanner(in)
	all.Buffer(nil, maxLine)
	for n := 1; all.Scan(); n++ {
		line := bytes.Clone(bytes.TrimSpace(all.Bytes()))
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\uFEFF")) // of a program that writes one before all its text
		}
		if len(line) == 0 {
			continue
		}
		if _, _, err := event.ParseMessage(line); err != nil {
			return fmt.Errorf("line %d: %w: %w", n, errForm, err)
		}
		if err := take(ctx, line); err != nil {
			return err
		}
	}
	return all.Err()
}

// ofHub asks a hub for all of its messages, oldest first (docs/howto/pages.md).
func ofHub(ctx context.Context, base string, since time.Time, take taker) error {
	h, err := ask.Open(base, 0)
	if err != nil {
		return err
	}
	defer h.Close()
	q := url.Values{"format": {"ndjson"}, "order": {"oldest"}}
	if !since.IsZero() {
		q.Set("q", "since:"+since.UTC().Format(time.RFC3339))
	}
	return h.Lines(ctx, "search", q, func(line []byte) error {
		if _, _, err := event.ParseMessage(line); err != nil {
			return fmt.Errorf("%w: %w", errForm, err)
		}
		return take(ctx, line)
	})
}

// grepped asks datagrepper for its messages, oldest first, page by page: until now, so
// that pages stay as they are.
func grepped(ctx context.Context, at *url.URL, since time.Time, take taker) error {
	q := at.Query()
	bare := *at
	bare.RawQuery = ""
	h, err := ask.Open(bare.String(), 0)
	if err != nil {
		return err
	}
	defer h.Close()
	q.Set("order", "asc")
	q.Set("rows_per_page", "100")
	q.Set("start", strconv.FormatInt(max(since.Unix(), 1), 10))
	q.Set("end", strconv.FormatInt(time.Now().Unix(), 10))
	for page := 1; ; page++ {
		q.Set("page", strconv.Itoa(page))
		messages, pages, err := pageOf(ctx, h, q)
		if err != nil {
			return fmt.Errorf("page %d: %w", page, err)
		}
		for _, m := range messages {
			if err := take(ctx, m); err != nil {
				return err
			}
		}
		if page >= pages || len(messages) == 0 {
			return nil
		}
	}
}

func pageOf(ctx context.Context, h *ask.Hub, q url.Values) ([]json.RawMessage, int, error) {
	text, err := h.Get(ctx, "", q)
	if err != nil {
		return nil, 0, err
	}
	var page struct {
		Messages []json.RawMessage `json:"raw_messages"`
		Pages    int               `json:"pages"`
	}
	if err := json.Unmarshal(text, &page); err != nil || page.Messages == nil {
		return nil, 0, fmt.Errorf("%w: its answer has no raw_messages (%w)", errForm, err)
	}
	return page.Messages, page.Pages, nil
}
