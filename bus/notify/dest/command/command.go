// Package command hands notes to commands, which do with them what they like: a command
// gets the note as a line of JSON on its standard input, and what people read of it in
// its environment. An address is the name of a command that an administrator configured:
// nobody can name another.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"busbar/bus/notify/dest"
	"busbar/common/child"
	"busbar/common/config"
)

// Config is a [[notify.command]] table.
type Config struct {
	Name    string          `toml:"name" doc:"The command in addresses, such as sms in command:sms."`
	Command []string        `toml:"command" doc:"The command and its arguments. It gets the note on standard input, a line of JSON, and NOTE_ID, NOTE_SUBJECT and others in its environment. Exit code 0 says that the note is delivered, 65 (EX_DATAERR) or 67 (EX_NOUSER) that it never can be; with all others it is tried again."`
	Timeout config.Duration `toml:"timeout" doc:"A command that takes longer has failed, and is ended with all that it started. 0s: 30s."`
	Jobs    int             `toml:"jobs" doc:"How many may run at once. 0: 1."`
}

const (
	defaultTimeout = 30 * time.Second
	mostTimeout    = 10 * time.Minute
	mostJobs       = 64
	// Of sysexits.h.
	dataErr = 65
	noUser  = 67
)

var nameForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,40}$`)

type destination struct {
	runners  map[string]*runner
	parallel int
	patience time.Duration
	ctx      context.Context // ends with Close
	stop     context.CancelFunc
}

type runner struct {
	child.Runner
	places chan struct{}
}

// Open looks for the commands. What they say goes to out.
func Open(configs []Config, out io.Writer, log *slog.Logger) (dest.Destination, error) {
	d := &destination{runners: map[string]*runner{}}
	for _, c := range configs {
		bad := func(format string, args ...any) error {
			return fmt.Errorf("checking [[notify.command]] %s: %w", c.Name, fmt.Errorf(format, args...))
		}
		jobs, timeout := max(c.Jobs, 1), time.Duration(c.Timeout)
		if timeout == 0 {
			timeout = defaultTimeout
		}
		switch {
		case !nameForm.MatchString(c.Name):
			return nil, bad("name %q is not 1 to 40 letters, digits, dots, _ and -", c.Name)
		case d.runners[c.Name] != nil:
			return nil, bad("there are two of this name")
		case len(c.Command) == 0:
			return nil, bad("command is empty")
		case c.Jobs < 0 || jobs > mostJobs || timeout < 0 || timeout > mostTimeout:
			return nil, bad("jobs is 1 to %d, timeout at most %s", mostJobs, mostTimeout)
		}
		path, err := exec.LookPath(c.Command[0])
		if err == nil {
			path, err = filepath.Abs(path)
		}
		if err != nil {
			return nil, bad("command: %w", err)
		}
		d.runners[c.Name] = &runner{child.Runner{Path: path, Args: c.Command, Timeout: timeout, Out: out, Log: log}, make(chan struct{}, jobs)}
		d.parallel += jobs
		d.patience = max(d.patience, timeout+10*time.Second) // a command may end itself first
	}
	if len(d.runners) == 0 {
		return nil, errors.New("opening [[notify.command]]: there is none")
	}
	d.ctx, d.stop = context.WithCancel(context.Background())
	return d, nil
}

func (d *destination) Traits() dest.Traits {
	return dest.Traits{Name: "command", Parallel: min(d.parallel, mostJobs), Patience: d.patience}
}

// Close ends the commands that run.
func (d *destination) Close() error {
	d.stop()
	return nil
}

func (d *destination) Check(to string) error {
	name, _, _ := strings.Cut(to, "/")
	if d.runners[name] == nil || strings.ContainsFunc(to, func(r rune) bool { return r < ' ' || r == 0x7f }) || len(to) > 255 {
		return errors.New("checking a command: it is not the name of one that is configured ([[notify.command]]), with something for it behind a / at most")
	}
	return nil
}

// An input is the note as a command gets it.
type input struct {
	ID       string    `json:"id"` // the same whenever the note is tried again
	Person   string    `json:"person"`
	To       string    `json:"to"`
	Kind     dest.Kind `json:"kind"`
	Rule     string    `json:"rule"`
	Time     time.Time `json:"time"`
	Subject  string    `json:"subject"`
	Text     string    `json:"text"`
	Link     string    `json:"link,omitempty"`
	Thread   string    `json:"thread,omitempty"`
	Messages []about   `json:"messages"`
}

// An about is one message of a note; message is it as published, if it is there.
type about struct {
	ID      string          `json:"id"`
	Topic   string          `json:"topic"`
	Time    time.Time       `json:"time"`
	Title   string          `json:"title"`
	Link    string          `json:"link,omitempty"`
	Package string          `json:"package,omitempty"`
	Bug     int64           `json:"bug,omitempty"`
	Message json.RawMessage `json:"message,omitempty"`
}

func (d *destination) Send(ctx context.Context, n dest.Note) error {
	if err := d.Check(n.To); err != nil {
		return dest.Refused(err)
	}
	if d.ctx.Err() != nil {
		return errors.New("running a command: the destination is closed")
	}
	name, rest, _ := strings.Cut(n.To, "/")
	r := d.runners[name]
	line, err := inputOf(n)
	if err != nil {
		return dest.Refused(err)
	}
	select {
	case r.places <- struct{}{}:
		defer func() { <-r.places }()
	case <-ctx.Done():
		return dest.One(fmt.Errorf("waiting for the command %s, which runs as often as it may: %w", name, context.Cause(ctx)))
	}
	kill, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.ctx, cancel)()
	vars := []child.Variable{
		{Name: "NOTE_ID", Value: n.ID}, {Name: "NOTE_PERSON", Value: n.Person}, {Name: "NOTE_TO", Value: rest}, {Name: "NOTE_KIND", Value: string(n.Kind)},
		{Name: "NOTE_RULE", Value: n.Rule}, {Name: "NOTE_TIME", Value: n.Time.UTC().Format(time.RFC3339)}, {Name: "NOTE_SUBJECT", Value: n.Subject},
		{Name: "NOTE_LINK", Value: n.Link}, {Name: "NOTE_THREAD", Value: n.Thread},
	}
	result := r.Run(kill, line, func(most int) []string { return child.Environ(os.Environ(), "NOTE_", vars, most) })
	return verdict(name, result)
}

// verdict is what a command's end means.
func verdict(name string, r child.Result) error {
	if r.Err == nil {
		return nil
	}
	err := fmt.Errorf("running the command %s: %w", name, r.Err)
	if r.Words != "" {
		last := r.Words[strings.LastIndexByte(r.Words, '\n')+1:]
		err = fmt.Errorf("%w: %s", err, last)
	}
	if code, ok := errors.AsType[*exec.ExitError](r.Err); ok && !r.Unstarted {
		switch code.ExitCode() {
		case dataErr:
			return dest.Refused(err)
		case noUser:
			return dest.Unreachable(err)
		case -1: // ended by a signal, its own or ours: it may have done its work
			return &dest.Error{Err: err, Fate: dest.RetryOne, Unsure: true}
		}
	}
	return dest.One(err) // other commands go on
}

func inputOf(n dest.Note) ([]byte, error) {
	in := input{n.ID, n.Person, n.To, n.Kind, n.Rule, n.Time.UTC(), n.Subject, n.Text, n.Link, n.Thread, []about{}}
	for _, m := range n.Messages {
		a := about{m.ID, m.Topic, m.Time.UTC(), m.Title, m.Link, m.Package, m.Bug, nil}
		if json.Valid(m.Wire) {
			a.Message = m.Wire
		}
		in.Messages = append(in.Messages, a)
	}
	line, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("making a command's input: %w", err)
	}
	return append(line, '\n'), nil
}
