package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	silence = 20 * time.Second // more than the 15 after which a hub says something
	again   = 200 * time.Millisecond
	longest = 4 << 20 // bytes of a line
)

// events listens to one hub after the other, and goes on with the id of the last event
// that it wrote. It writes a line for each: its id, its name and its data, with tabs
// between. What a kill cut is removed at the start.
func events(ctx context.Context, o options) error {
	out, err := os.OpenFile(o.out, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	l := &listener{out: out}
	if err := l.resume(); err != nil {
		return err
	}
	for n := os.Getpid(); ctx.Err() == nil; n++ {
		hub := o.hubs[n%len(o.hubs)]
		if err := l.hear(ctx, hub); l.broken != nil {
			return l.broken
		} else if ctx.Err() == nil {
			o.log.Info("the hub is left", "hub", hub, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
	return nil
}

type listener struct {
	out    *os.File
	last   string // id of the last event that is written
	broken error  // what was written cannot be
}

// resume finds the last whole line, and removes what is behind it.
func (l *listener) resume() error {
	size, end := int64(0), int64(0)
	for r := bufio.NewReader(l.out); ; {
		line, err := r.ReadBytes('\n')
		size += int64(len(line))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		end = size
		id, _, _ := bytes.Cut(line, []byte("\t"))
		l.last = string(id)
	}
	if err := l.out.Truncate(end); err != nil {
		return err
	}
	_, err := l.out.Seek(end, io.SeekStart)
	return err
}

// hear listens to one hub until the connection ends, or nothing comes any more.
func (l *listener) hear(ctx context.Context, hub string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(silence, func() { cancel(errors.New("nothing comes any more")) })
	defer silent.Stop()
	where := hub + "/events"
	if l.last == "" {
		where += "?since=1970-01-01T00:00:00Z"
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return err
	}
	if l.last != "" {
		q.Header.Set("Last-Event-ID", l.last)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := client.Do(q)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(a.Body, 1000))
		return fmt.Errorf("%s: %s", a.Status, text)
	}
	var id, name string
	var data []string
	text := bufio.NewScanner(a.Body)
	text.Buffer(nil, longest)
	for text.Scan() {
		silent.Reset(silence)
		field, value, _ := strings.Cut(text.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case text.Text() == "":
			if l.write(id, name, strings.Join(data, "\n")); l.broken != nil {
				return l.broken
			}
			name, data = "", nil
		case field == "id":
			id = value
		case field == "event":
			name = value
		case field == "data":
			data = append(data, value)
		}
	}
	return errors.Join(text.Err(), context.Cause(ctx))
}

// write writes one event; without data its id alone.
func (l *listener) write(id, name, data string) {
	if id == "" || id == l.last && data == "" {
		return
	}
	if strings.ContainsAny(data, "\t\n") {
		l.broken = fmt.Errorf("an event has a tab or the end of a line in it: %.200q", data)
		return
	}
	if _, l.broken = l.out.WriteString(id + "\t" + name + "\t" + data + "\n"); l.broken == nil {
		l.last = id
	}
}
