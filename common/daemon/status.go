package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"

	"busbar/common/journal"
	"busbar/common/show"
)

// A Status is what an adapter has done and what waits, read from its journal
// while it runs.
type Status struct {
	Publisher  string           `json:"publisher"`
	Epoch      string           `json:"epoch"`
	Messages   int64            `json:"messages"`
	First      int64            `json:"first"`
	Last       int64            `json:"last"`
	LastTime   string           `json:"last_time"`
	Published  int64            `json:"published"`
	Unsent     int64            `json:"unsent"`
	Duplicates int64            `json:"duplicates"`
	Poisoned   int64            `json:"poisoned"`
	Skipped    map[string]int64 `json:"skipped"`
	Topics     map[string]int64 `json:"topics"`
	FileBytes  int64            `json:"file_bytes"`
	Waiting    map[string]int   `json:"waiting"` // by place: items not yet taken
}

// ReadStatus reads it from the journal at path; waiting is the program's own
// part.
func ReadStatus(ctx context.Context, path string, waiting map[string]int) (Status, error) {
	r, err := journal.OpenReader(ctx, path)
	if err != nil {
		return Status{}, err
	}
	defer r.Close()
	c, err := r.Counts(ctx)
	if err != nil {
		return Status{}, err
	}
	cursors, err := r.Cursors(ctx)
	if err != nil {
		return Status{}, err
	}
	s := Status{
		Publisher: c.Identity.Name, Epoch: c.Epoch, Messages: c.Messages, First: c.FirstSeq, Last: c.LastSeq,
		Published: cursors[sink], Unsent: c.LastSeq - cursors[sink], Duplicates: c.Duplicates, Poisoned: c.Poisoned,
		Skipped: c.Skipped, Topics: c.Topics, FileBytes: c.FileBytes, Waiting: waiting,
	}
	if last, err := r.Last(ctx); err == nil && c.Messages > 0 {
		s.LastTime = last.Time.UTC().Format(time.RFC3339)
	}
	return s, nil
}

// Print writes the status, as JSON or for people.
func (s Status) Print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, s)
	}
	show.Fprintf(w, "publisher  %s (epoch %s)\n", s.Publisher, s.Epoch)
	show.Fprintf(w, "messages   %d kept, numbers %d to %d, newest %s\n", s.Messages, s.First, s.Last, orNever(s.LastTime))
	show.Fprintf(w, "published  up to %d; %d not yet sent\n", s.Published, s.Unsent)
	show.Fprintf(w, "doubles    %d dropped\n", s.Duplicates)
	show.Fprintf(w, "poison     %d kept (see the command poison)\n", s.Poisoned)
	printCounts(w, "waiting    %d in %s\n", s.Waiting)
	printCounts(w, "skipped    %d: %s\n", s.Skipped)
	printCounts(w, "topic      %d %s\n", s.Topics)
	_, err := show.Fprintf(w, "journal    %d bytes\n", s.FileBytes)
	return err
}

func printCounts[N int | int64](w io.Writer, format string, counts map[string]N) {
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		show.Fprintf(w, format, counts[k], k)
	}
}

func orNever(s string) string {
	if s == "" {
		return "never"
	}
	return s
}

// printJSON writes one JSON object on a line, as tools like jq want it.
func printJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(show.JSON(b.Bytes()))
	return err
}
