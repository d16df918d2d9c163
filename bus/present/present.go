// Package present compares the newest states that a hub has with the sources' own: bugs
// with what the tracker answers, builds with what the queue's database holds.
//
// A member of which no message said anything is not compared: the messages may have
// begun after the thing. What is under way makes differences that pass: things that
// differ are looked at again, after a while.
//
// Not here: what a difference is (adapters/…).
package present

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"busbar/bus/ask"
	"busbar/common/archive"
	"busbar/common/state"
)

// A thing is one as the messages say that it is.
type thing struct {
	Kind  string          `json:"kind"`
	Key   string          `json:"key"`
	Gone  bool            `json:"gone"`
	Value json.RawMessage `json:"value"`
}

// A States gives newest states.
type States interface {
	// each hands over all states of a kind, also of things that are no more.
	each(ctx context.Context, projection state.Projection, hand func(thing) error) error
	// one gives a state; false where nothing is known.
	one(ctx context.Context, projection state.Projection, key string) (thing, bool, error)
	Close() error
}

// OfArchive are the states in an archive's file.
func OfArchive(ctx context.Context, path string) (States, error) {
	r, err := archive.OpenReader(ctx, path)
	if err != nil {
		return nil, err
	}
	return file{r}, nil
}

type file struct{ *archive.Reader }

func (f file) each(ctx context.Context, p state.Projection, hand func(thing) error) error {
	q := archive.StateQuery{Kind: p.Kind, Gone: true, Limit: 1000}
	for {
		list, _, err := f.States(ctx, q)
		if err != nil {
			return err
		}
		for _, s := range list {
			if err := hand(thing{s.Kind, s.Key, s.Gone, json.RawMessage(s.Value)}); err != nil {
				return err
			}
		}
		if len(list) < q.Limit {
			return nil
		}
		q.After = list[len(list)-1].Key
	}
}

func (f file) one(ctx context.Context, p state.Projection, key string) (thing, bool, error) {
	s, err := f.StateOf(ctx, p.Kind, key)
	if errors.Is(err, archive.ErrNotFound) {
		return thing{}, false, nil
	}
	return thing{s.Kind, s.Key, s.Gone, json.RawMessage(s.Value)}, err == nil, err
}

// OfHub are the states that a hub answers with.
func OfHub(where string) (States, error) {
	h, err := ask.Open(where, 0)
	if err != nil {
		return nil, err
	}
	return hub{h}, nil
}

type hub struct{ *ask.Hub }

func (h hub) Close() error { h.Hub.Close(); return nil }

func (h hub) each(ctx context.Context, p state.Projection, hand func(thing) error) error {
	return h.Lines(ctx, "state/"+p.Plural, url.Values{"format": {"ndjson"}, "gone": {"1"}}, func(line []byte) error {
		var t thing
		if err := json.Unmarshal(line, &t); err != nil || t.Key == "" {
			return fmt.Errorf("%w: its answer has a line that is no state (%w)", ask.ErrNoHub, err)
		}
		return hand(t)
	})
}

func (h hub) one(ctx context.Context, p state.Projection, key string) (t thing, known bool, err error) {
	body, err := h.Get(ctx, "state/"+p.Plural+"/", url.Values{"format": {"json"}, "name": {key}})
	if r := (*ask.Refusal)(nil); errors.As(err, &r) && r.Code == 404 && r.Text != "" {
		return t, false, nil
	}
	if err == nil {
		err = json.Unmarshal(body, &t)
	}
	return t, err == nil, err
}

// A Found is what came of comparing the things of one source.
type Found struct {
	Compared int         // things of which messages said something
	Unknown  int         // things that the source has, and no message said anything of
	Passed   int         // things that differed, and no more when they were looked at again
	Differ   []Different // at most maxDifferent
	More     int         // how many others differ
}

// maxDifferent is how many things are named.
const maxDifferent = 1000

// A Different is a thing that is not as the messages say.
type Different struct {
	Key     string
	Members []state.Difference
}

// A Source compares what messages say with what it has itself.
type Source interface {
	// compare compares things; keys: these alone, nil: all.
	compare(ctx context.Context, states States, keys []string) (Found, error)
	Close() error
}

// Compare compares all, and what differs again after a while.
func Compare(ctx context.Context, states States, with Source, again time.Duration) (Found, error) {
	all, err := with.compare(ctx, states, nil)
	if err != nil || len(all.Differ) == 0 || again <= 0 {
		return all, err
	}
	select {
	case <-ctx.Done():
		return all, ctx.Err()
	case <-time.After(again):
	}
	keys := make([]string, len(all.Differ))
	for i, d := range all.Differ {
		keys[i] = d.Key
	}
	second, err := with.compare(ctx, states, keys)
	all.Passed, all.Differ = len(keys)-len(second.Differ), second.Differ
	return all, err
}

func (f *Found) add(key string, list []state.Difference) {
	f.Compared++
	switch {
	case len(list) == 0:
	case len(f.Differ) < maxDifferent:
		f.Differ = append(f.Differ, Different{key, list})
	default:
		f.More++
	}
}
