package program

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"

	"busbar/common/canary"
	"busbar/common/exit"
	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/pump"
	"busbar/common/translate"
)

// A Source is one place that items come from, as a program declares it. Name and
// Open must be set.
type Source struct {
	Name  string // in the journal: of its positions, its poison and its report
	Title string // its condition in health and status; empty: Name
	// Command is the command that reads it, and nothing else; empty: run, poll
	// and import.
	Command string
	Journal string // of that command; empty: [bus] journal

	// Prepare does what must be done before the journal is opened; may be nil.
	Prepare func(*slog.Logger) error
	// Open begins to read. A channel that is an io.Closer is closed at the end. One
	// that is a Reporter is the subject of status, health and metrics.
	Open func(context.Context, *Opening) (pump.Channel, error)
	// Read parses what the channel hands out, as pump.Pump has it; may be nil.
	Read func(translate.Item[any]) translate.Item[any]
	// ImportPolls says that an import begins with a poll: it publishes the present
	// state, and only what comes after the baseline is published later.
	ImportPolls bool

	// Canary is how canaries go through the channel; nil: none do.
	Canary *canary.Route

	// Requeue gives an item back; nil: into the retry queue beside the journal,
	// where Parse reads it; what it cannot read is poison again. Parse may be nil where
	// the source reads the queue itself.
	Requeue func(item []byte) error
	Parse   func(item []byte) (value any, err error)
	// Made says whether the source may have made an item of an older journal,
	// which does not say; nil: it may.
	Made func(item []byte) bool

	Dir     string              // where its items wait: its file system must not fill up; may be empty
	Waiting func() (int, error) // how many do; nil: that is not known
	Hosts   []string            // that it talks to, which its unit must let it reach; names or addresses
	// Secrets are files with a secret in it, which Secret names: "a database's password".
	Secrets []string
	Secret  string
	// Check says how it is, for check; may be nil. It looks again at the conditions
	// of the daemon that Checks names.
	Check  func(context.Context, *Env) []Finding
	Checks []string
	// Metrics is the prefix of the metrics that the channel reports, MetricLabels
	// what distinguishes them from another source's.
	Metrics      string
	MetricLabels map[string]string
	// Renew takes up a new configuration at a reload, as far as Keys goes; may be nil.
	Renew func(Config) error
	Keys  []string
	Alone []string // keys that it alone uses: where it is not read, a change of them takes no restart
	About []any    // of the log's line at the start: names and values
}

// An Opening is what a source is opened for.
type Opening struct {
	Node   *node.Node
	Once   bool // one reading, then io.EOF
	Import bool // the present state is published, once; then io.EOF
	Log    *slog.Logger
	Idle   func() // as pump.Pump.Idle

	tasks []Task
}

// Do has the daemon do something beside reading.
func (o *Opening) Do(name string, run func(context.Context) error) {
	o.tasks = append(o.tasks, Task{Name: name, Run: run})
}

// Missing stands for the sources of a configuration in which something is missing.
func Missing(what string, err error) *Source {
	return &Source{
		Name:    what,
		Prepare: func(*slog.Logger) error { return &exit.Error{Code: exit.Config, Err: fmt.Errorf("starting: %w", err)} },
		Requeue: func([]byte) error { return err },
		Check:   func(context.Context, *Env) []Finding { return []Finding{Found(what, err, "")} },
	}
}

func (s *Source) title() string {
	if s.Title != "" {
		return s.Title
	}
	return s.Name
}

// of are the sources that a command reads.
func of(sources []*Source, command string) []*Source {
	named := func(name string) []*Source {
		return slices.DeleteFunc(slices.Clone(sources), func(s *Source) bool { return s.Command != name })
	}
	if own := named(command); len(own) > 0 {
		return own
	}
	return named("")
}

// madeBy is the source that made an item: the one of that name, else the last that
// may have.
func madeBy(sources []*Source, name string, item []byte) *Source {
	for _, s := range sources {
		if s.Name == name {
			return s
		}
	}
	for _, s := range slices.Backward(sources) {
		if s.Made == nil || s.Made(item) {
			return s
		}
	}
	return sources[0]
}

// requeue gives an item of a journal's poison back to the source that made it.
func requeue(sources []*Source, file string, row journal.PoisonRow) error {
	if s := madeBy(sources, row.Source, row.Item); s.Requeue != nil {
		return s.Requeue(row.Item)
	}
	return node.Requeue(file, row.Source, row.Item)
}

// secrets are the files with secrets, each once, and what each holds.
func secrets(sources []*Source) iter.Seq2[string, string] {
	return func(yield func(file, what string) bool) {
		seen := map[string]bool{}
		for _, s := range sources {
			for _, file := range s.Secrets {
				if !seen[file] && !yield(file, s.Secret) {
					return
				}
				seen[file] = true
			}
		}
	}
}
