package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"busbar/common/archive"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/ports"
)

const config = `[bus]
prefix = "org.debian"
environment = "prod"
subscribe = ["tcp://127.0.0.1:1"] # nobody is there
[sign]
backend = "none"
[hub]
listen = %q
archive = %q
`

// addresses are what browsers and old clients ask a hub for.
func addresses(busy string) []struct {
	name string
	draw func(draw) string
} {
	search := func(q string) string { return "/search?" + url.Values{"q": {q}}.Encode() }
	return []struct {
		name string
		draw func(draw) string
	}{
		{"the start page", func(draw) string { return "/" }},
		{"the page of the busiest package", func(draw) string { return "/package/" + busy }},
		{"the page of a package", func(d draw) string { return "/package/" + d.pack }},
		{"the page of a bug", func(d draw) string { return fmt.Sprint("/bug/", d.bug) }},
		{"the page of a person", func(d draw) string { return "/person/" + url.PathEscape(d.person) }},
		{"a search for a word", func(d draw) string { return search(d.word) }},
		{"a search for a word and a time", func(d draw) string { return search(d.word + " since:" + d.day.Format("2006-01-02")) }},
		{"the life of a package", func(d draw) string { return "/trace/" + d.pack }},
		{"topics", func(draw) string { return "/topics" }},
		{"statistics", func(draw) string { return "/statistics" }},
		{"a chart of a year", func(draw) string { return "/chart.svg?hours=8760" }},
		{"/raw, a category and a day", func(d draw) string {
			return fmt.Sprintf("/raw?category=debbugs&rows_per_page=100&start=%d&end=%d", d.day.Unix(), d.day.Add(24*time.Hour).Unix())
		}},
		{"/raw, a package", func(d draw) string { return "/raw?rows_per_page=100&package=" + d.pack }},
		{"/raw, a topic, page 3", func(draw) string {
			return "/raw?rows_per_page=50&page=3&topic=org.debian.prod.dak.source.accept"
		}},
		{"/raw, an hour's backlog", func(d draw) string {
			return fmt.Sprintf("/raw?order=asc&rows_per_page=100&start=%d&end=%d", d.day.Unix(), d.day.Add(time.Hour).Unix())
		}},
		{"/raw, a part of a word in a week", func(d draw) string {
			return fmt.Sprintf("/raw?rows_per_page=25&category=debbugs&contains=%s&start=%d", d.rare, last.AddDate(0, 0, -7).Unix())
		}},
	}
}

// pages starts a hub over the archive, when nothing of it is in memory, and asks it.
func (b *bench) pages(ctx context.Context, s *trial.Site) (string, error) {
	address, err := ports.Address()
	if err != nil {
		return "", err
	}
	reader, err := archive.OpenReader(ctx, b.path)
	if err != nil {
		return "", err
	}
	if err := errors.Join(b.speaker.looked(ctx, reader), reader.Close()); err != nil {
		return "", err
	}
	if err := s.Configure("bus", config, address, b.path); err != nil {
		return "", err
	}
	if err := forget(b.path); err != nil {
		return "", err
	}
	hub := s.Daemon("bus", "hub")
	hub.Args = append(hub.Args, "--no-verify")
	began := time.Now()
	if err := hub.Start(); err != nil {
		return "", err
	}
	client := &http.Client{Timeout: time.Minute}
	defer client.CloseIdleConnections()
	if err := trial.Await(ctx, "first page", 2*time.Minute, func() (bool, error) {
		if hub.Ended() {
			return false, errors.New("the hub ended by itself")
		}
		_, err := get(ctx, client, "http://"+address+"/")
		return err == nil, nil
	}); err != nil {
		return "", err
	}
	cold := time.Since(began)
	var all trial.Times
	refused := 0
	for i, a := range addresses(b.speaker.world.packages[0]) {
		r := rand.New(rand.NewPCG(b.o.Seed, uint64(i)))
		var times trial.Times
		for range b.o.runs {
			began := time.Now()
			code, err := get(ctx, client, "http://"+address+a.draw(b.speaker.draw(r)))
			if code == http.StatusBadRequest || code == http.StatusInternalServerError || code == http.StatusTooManyRequests {
				refused++
			} else if err != nil {
				return "", fmt.Errorf("asking for %s: %w", a.name, err)
			}
			times = append(times, time.Since(began))
		}
		all = append(all, times...)
		fmt.Fprintf(s.Out, "  %-34s %s\n", a.name, times)
	}
	peak := trial.Peak(hub.PID())
	return fmt.Sprintf("first page %.2f s after a start with nothing in memory; pages: %s; refused or cut short: %d; the hub's memory at most %s", cold.Seconds(), all, refused, peak), hub.Stop()
}

// get asks for a page, and reads all of it.
func get(ctx context.Context, client *http.Client, address string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Accept", "text/html")
	answer, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s is answered with %s", address, answer.Status)
	}
	return answer.StatusCode, err
}

// forget makes the system drop what it has of a file in memory.
func forget(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return err
	}
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
