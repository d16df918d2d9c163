package program

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"busbar/common/event"

	"busbar/common/canary"
	"busbar/common/condition"
	"busbar/common/config"
	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/replay"
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
	Disputed   int64            `json:"disputed"` // kept: state what is known in other words
	Disputes   int64            `json:"disputes"` // of those, ever
	Replaced   int64            `json:"replaced"` // facts published again on better evidence
	Poison     PoisonStatus     `json:"poison"`
	Skipped    map[string]int64 `json:"skipped"`
	Topics     map[string]int64 `json:"topics"`
	FileBytes  int64            `json:"file_bytes"`
	Waiting    map[string]int   `json:"waiting"` // by place: items not yet taken
	Sinks      []SinkStatus     `json:"sinks"`
	Replay     *replay.Stats    `json:"replay,omitempty"` // of the running daemon, since its start
	// Canaries are what the running daemon knows of them.
	Canaries []canary.Status `json:"canaries,omitempty"`
	// Process is the running daemon; 0: none answers, and what was published
	// last may not be known.
	Process    int                   `json:"process"`
	Conditions []condition.Condition `json:"conditions"`
}

// SinkStatus is how far one way out has come.
type SinkStatus struct {
	Name   string `json:"name"`
	Cursor int64  `json:"cursor"`
	Behind int64  `json:"behind"`          // messages after the cursor
	Since  string `json:"since,omitempty"` // when the oldest of these came
	Used   string `json:"used"`            // when it ran last
	Missed int64  `json:"missed"`          // messages that it never got
	// Error is the last one of the running daemon, also one that is over.
	Error string `json:"error,omitempty"`
}

func sinkStatus(ctx context.Context, r *journal.Reader, live *node.Live) ([]SinkStatus, error) {
	known, err := r.Sinks(ctx)
	if err != nil {
		return nil, err
	}
	list := []SinkStatus{}
	for _, k := range known {
		s := SinkStatus{Name: k.Name, Cursor: k.Cursor, Behind: k.Behind, Used: event.Stamp(k.Used), Missed: k.Missed}
		if !k.Since.IsZero() {
			s.Since = event.Stamp(k.Since)
		}
		if live != nil {
			s.Error = live.SinkErrors[k.Name]
		}
		list = append(list, s)
	}
	return list, nil
}

// print is a line for people.
func (s SinkStatus) print(w io.Writer) {
	text := fmt.Sprintf("sink       %s has everything up to %d", s.Name, s.Cursor)
	if s.Behind > 0 {
		text += fmt.Sprintf("; %d behind, since %s", s.Behind, s.Since)
	}
	if s.Missed > 0 {
		text += fmt.Sprintf("; %d it never got", s.Missed)
	}
	if s.Error != "" {
		text += "; last error: " + s.Error
	}
	show.Fprintf(w, "%s (ran %s)\n", show.OneLine(text), s.Used)
}

// PoisonStatus is what the kept items take.
type PoisonStatus struct {
	Bytes   int64 `json:"bytes"`
	Dropped int64 `json:"dropped"` // had to make room, ever
}

// readStatus reads it from the journal and asks the daemon, if one runs; waiting
// is the program's own part, and its keys that are directories must not fill up.
func readStatus(ctx context.Context, program string, bus config.Bus, sc config.Sign, waiting map[string]int) (Status, error) {
	r, err := journal.OpenReader(ctx, bus.Journal)
	if err != nil {
		return Status{}, err
	}
	defer r.Close()
	// The daemon first: what it published is in the journal when that is read.
	o := node.Outlook{Program: program, Bus: bus, Sign: sc, Places: absolute(waiting)}
	list, live, err := o.State(ctx)
	if err != nil {
		list = append(list, condition.Condition{Name: "daemon", Level: condition.Warn, Since: time.Now(), Text: err.Error()})
	}
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
		Published: cursors[node.Sink], Duplicates: c.Duplicates, Poisoned: c.Poisoned,
		Disputed: c.Disputed, Disputes: c.Disputes, Replaced: c.Replacements,
		Poison:  PoisonStatus{Bytes: c.PoisonBytes, Dropped: c.PoisonDropped},
		Skipped: c.Skipped, Topics: c.Topics, FileBytes: c.FileBytes, Waiting: waiting, Conditions: list,
	}
	if live != nil {
		s.Process, s.Published, s.Replay, s.Canaries = live.Process, max(s.Published, live.Published), live.Replay, live.Canaries
	}
	s.Unsent = max(0, s.Last-s.Published)
	if s.Sinks, err = sinkStatus(ctx, r, live); err != nil {
		return Status{}, err
	}
	if last, err := r.Last(ctx); err == nil && c.Messages > 0 {
		s.LastTime = last.Time.UTC().Format(time.RFC3339)
	}
	return s, nil
}

// Print writes the status, as JSON or for people.
func (s Status) Print(w io.Writer, asJSON bool) error {
	if asJSON {
		return PrintJSON(w, s)
	}
	show.Fprintf(w, "publisher  %s (epoch %s)\n", s.Publisher, s.Epoch)
	show.Fprintf(w, "messages   %d kept, numbers %d to %d, newest %s\n", s.Messages, s.First, s.Last, orNever(s.LastTime))
	show.Fprintf(w, "published  up to %d; %d not yet sent\n", s.Published, s.Unsent)
	if s.Process == 0 {
		show.Fprintln(w, "daemon     none answers")
	} else {
		show.Fprintf(w, "daemon     runs as process %d\n", s.Process)
	}
	for _, c := range s.Conditions {
		show.Fprintf(w, "%-10s %s, since %s\n", strings.ToUpper(string(c.Level)), c, event.Stamp(c.Since))
	}
	for _, one := range s.Sinks {
		one.print(w)
	}
	if r := s.Replay; r != nil {
		show.Fprintf(w, "replay     %d ask now, %d are being answered; %d messages sent again to %d streams and %d queries\n",
			r.Peers, r.Busy, r.Messages, total(r.Streams), total(r.Queries))
		printCounts(w, "replay     %d cut off: %s\n", r.Cut)
	}
	for _, c := range s.Canaries {
		show.Fprintf(w, "canary     %s\n", c.String())
	}
	show.Fprintf(w, "duplicates %d dropped\n", s.Duplicates)
	show.Fprintf(w, "poison     %d kept (see the command poison)\n", s.Poisoned)
	if s.Disputes > 0 || s.Replaced > 0 {
		show.Fprintf(w, "disputed   %d kept beside it, %d ever: state what is known in other words; %d replaced on better evidence\n",
			s.Disputed, s.Disputes, s.Replaced)
	}
	if s.Poison.Dropped > 0 {
		show.Fprintf(w, "dropped    %d items of poison had to make room; %d bytes are kept\n", s.Poison.Dropped, s.Poison.Bytes)
	}
	printCounts(w, "waiting    %d in %s\n", s.Waiting)
	printCounts(w, "skipped    %d: %s\n", s.Skipped)
	printCounts(w, "topic      %d %s\n", s.Topics)
	_, err := show.Fprintf(w, "journal    %d bytes\n", s.FileBytes)
	return err
}

// absolute are the names that are directories.
func absolute(waiting map[string]int) []string {
	var dirs []string
	for _, name := range slices.Sorted(maps.Keys(waiting)) {
		if filepath.IsAbs(name) {
			dirs = append(dirs, name)
		}
	}
	return dirs
}

func printCounts[N int | int64](w io.Writer, format string, counts map[string]N) {
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		show.Fprintf(w, format, counts[k], k)
	}
}

func total(counts map[string]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

func orNever(s string) string {
	if s == "" {
		return "never"
	}
	return s
}

// PrintJSON writes one JSON object on a line, as tools like jq want it.
func PrintJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(show.JSON(b.Bytes()))
	return err
}
