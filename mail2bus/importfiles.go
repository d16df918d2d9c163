package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"busbar/common/journal"
	"busbar/common/mail"
	"busbar/common/progress"
	"busbar/common/show"
	"busbar/common/translate"
	"busbar/mail2bus/intake"
	"busbar/mail2bus/stored"
)

// imports hands out the mails of files, one after the other. It is a channel for the
// pump where the import itself writes the journal.
type imports struct {
	files    []string
	stdin    io.Reader
	options  stored.Options
	position func(source string) ([]byte, error) // as the journal has it; nil: from the beginning
	said     func(string)                        // what is worth a line

	failed error // what could not be read

	mu      sync.Mutex
	current *stored.Source
	name    string // of the file
	opened  int
	mails   int64
}

// importSource is the name under which the position of a file is kept.
func importSource(path string) string { return "import " + path }

// next is the next mail of all files. A file that cannot be read to its end holds up
// no other.
func (i *imports) next() (intake.Mail, error) {
	for {
		if i.current == nil {
			if i.opened == len(i.files) {
				return intake.Mail{}, io.EOF
			}
			if err := i.open(i.files[i.opened]); err != nil {
				i.failed = errors.Join(i.failed, err)
				continue
			}
		}
		m, err := i.current.Next()
		if err == nil {
			i.mu.Lock()
			i.mails++
			i.mu.Unlock()
			return intake.Mail{Source: importSource(i.name), Origin: m.Origin, Raw: m.Raw, Received: arrived(m, time.Now()), Position: m.Position}, nil
		}
		if err != io.EOF {
			i.failed = errors.Join(i.failed, err)
		}
		i.shut()
	}
}

func (i *imports) open(path string) (err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.opened++
	if path != "-" {
		if path, err = filepath.Abs(path); err != nil {
			return err
		}
	}
	o := i.options
	if i.position != nil && path != "-" {
		if o.Position, err = i.position(importSource(path)); err != nil {
			return err
		}
	}
	i.name = path
	if i.current, err = stored.Open(path, i.stdin, o); err != nil {
		return fmt.Errorf("importing: %w", err)
	}
	if n := i.current.Before; n > 0 {
		i.said(fmt.Sprintf("%s: %d mails were imported before; it goes on behind them (--again: from the beginning)", path, n))
	}
	return nil
}

func (i *imports) shut() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.failed = errors.Join(i.failed, i.current.Close())
	i.current = nil
}

// Close closes the file that is open.
func (i *imports) Close() error {
	if i.current != nil {
		i.shut()
	}
	return nil
}

// Next is next, for the pump.
func (i *imports) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	if ctx.Err() != nil {
		return translate.Item[any]{}, nil, nil, ctx.Err()
	}
	m, err := i.next()
	return translate.Item[any]{Source: m.Source, Origin: m.Origin, Raw: m.Raw, Received: m.Received, Recovered: true}, m.Position, func(error) {}, err
}

// Progress says how far the import is; the bar is that of the file.
func (i *imports) Progress(ended bool) (s progress.State) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if ended {
		return progress.State{Text: fmt.Sprintf("import: %d mails of %d files were read", i.mails, i.opened)}
	}
	s.Text = fmt.Sprintf("import: %d mails", i.mails)
	if len(i.files) > 1 {
		s.Text += fmt.Sprintf(", file %d of %d", i.opened, len(i.files))
	}
	if i.current != nil {
		s.Text += ", " + show.OneLine(filepath.Base(i.name))
		if done, all := i.current.Progress(); all > 0 {
			s.Done, s.All = min(done, all), all
		}
	}
	return s
}

// arrived is when a mail arrived: as a mailbox of this machine kept it, else as the
// last server that passed it on wrote; a list program's clock, and the mail's own
// date, where there is no better. Some archives write 1970 for all mails, and no mail
// comes from the future.
func arrived(m stored.Mail, now time.Time) time.Time {
	times := []time.Time{time.Time{}, m.Arrived, time.Time{}}
	if !m.Kept {
		trace, date := headerTimes(m.Raw)
		times = []time.Time{trace, m.Arrived, date}
	}
	for _, t := range times {
		if t.Year() > 1970 && t.Before(now) {
			return t
		}
	}
	return now
}

// headerTimes reads the newest trace (RFC 5322 §3.6.7) and the date of a mail, before
// anybody parses it.
func headerTimes(raw []byte) (trace, date time.Time) {
	const most = 64 << 10
	raw = raw[:min(len(raw), most)]
	for len(raw) > 0 && (trace.IsZero() || date.IsZero()) {
		end := bytes.IndexByte(raw, '\n') + 1
		for end > 0 && end < len(raw) && (raw[end] == ' ' || raw[end] == '\t') {
			n := bytes.IndexByte(raw[end:], '\n') + 1
			if n == 0 {
				n = len(raw) - end
			}
			end += n
		}
		if end == 0 {
			end = len(raw)
		}
		field := string(raw[:end])
		raw = raw[end:]
		name, value, ok := strings.Cut(field, ":")
		switch {
		case strings.TrimSpace(field) == "":
			return trace, date
		case !ok:
		case strings.EqualFold(name, "Received") && trace.IsZero():
			_, value, _ = cutLast(value, ";")
			trace = mail.ParseTime(unfold.Replace(value))
		case strings.EqualFold(name, "Date") && date.IsZero():
			date = mail.ParseTime(unfold.Replace(value))
		}
	}
	return trace, date
}

var unfold = strings.NewReplacer("\r", " ", "\n", " ", "\t", " ")

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// positionIn reads positions of imports from a journal; one that is not there has
// none.
func positionIn(ctx context.Context, r *journal.Reader) func(string) ([]byte, error) {
	return func(source string) ([]byte, error) {
		p, err := r.Position(ctx, source)
		if errors.Is(err, journal.ErrNotFound) {
			return nil, nil
		}
		return p, err
	}
}
