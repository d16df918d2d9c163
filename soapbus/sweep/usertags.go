package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"busbar/adapters/debbugs"
	"busbar/common/event"
	"busbar/common/journal"
)

// A tagged is what was last published of a user's tag.
type tagged struct {
	Bugs   []int `json:"bugs"`
	Serial int64 `json:"serial"` // how many changes were published

	Said int64 `json:"said,omitempty"` // up to which saying of other publishers it was compared
}

// usertagSource names the usertags in the journal.
func (s *Sweep) usertagSource() string { return s.o.Source + " usertags" }

// usertags compares the tags of a user with what was last published. A user that was
// not asked before is recorded.
func (s *Sweep) usertags(ctx context.Context, user string) error {
	upTo := s.upToNow()
	now, err := s.o.Tracker.Usertags(ctx, user)
	if err != nil {
		return err
	}
	before, asked, err := s.taggedBy(ctx, user)
	if err != nil {
		return err
	}
	if !asked { // whoever is asked for the first time is asked twice: all of it is taken for what was there
		again, err := s.o.Tracker.Usertags(ctx, user)
		if err != nil {
			return err
		}
		if !sameTags(now, again) {
			return fmt.Errorf("asking for the usertags of %s for the first time: two answers in a row differ; neither is accepted", user)
		}
	}
	if len(now) == 0 && (tagsAny(before) || !asked && !s.o.Once && !s.o.Import) {
		// An unknown user and one whose file is away look alike.
		if s.gone[user]++; s.gone[user] < missingPatience {
			return nil
		}
	}
	delete(s.gone, user)
	first := !asked && !s.o.Import
	var quiet []event.State
	if !asked {
		quiet = append(quiet, event.State{Source: s.usertagSource(), Key: user, Value: []byte(`{}`)})
	}
	for tag := range union(before, now) {
		bugs := slices.Compact(slices.Sorted(slices.Values(now[tag])))
		was := before[tag]
		if s.o.Import {
			was.Bugs = nil
		}
		said, last, err := s.said(ctx, tagKey(user, tag), was.Said, upTo)
		if err != nil {
			return err
		}
		added, removed := differences(debbugs.TagAfter(was.Bugs, said), bugs)
		if len(added)+len(removed) == 0 {
			delete(s.tagSince, tagKey(user, tag))
			if len(said) > 0 {
				value, _ := json.Marshal(tagged{bugs, was.Serial, upTo})
				quiet = append(quiet, event.State{Source: s.usertagSource(), Key: user + "\x00" + tag, Value: value})
			}
			continue
		}
		if !first && s.heldTag(tagKey(user, tag), last) {
			continue
		}
		serial := was.Serial + 1
		if first || s.o.Import {
			serial = was.Serial
		}
		value, _ := json.Marshal(tagged{bugs, serial, upTo}) // numbers always encode; without bugs, its serial goes on
		seen := event.State{Source: s.usertagSource(), Key: user + "\x00" + tag, Value: value}
		if first {
			quiet = append(quiet, seen)
			continue
		}
		change := debbugs.UsertagChange{User: user, Tag: tag, Added: added, Removed: removed, Serial: serial}
		s.add(fmt.Sprintf("usertag %s of %s", tag, user), change, []event.State{seen}, func() {
			s.plan = append(s.plan, func(ctx context.Context) error { return s.usertags(ctx, user) })
		}, func() { s.stats.Published++ })
	}
	if len(quiet) == 0 {
		return nil
	}
	_, err = s.o.Journal.Append(ctx, journal.Record{States: quiet})
	return err
}

// heldTag reports whether the answer to whoever set a usertag still has time to come
// by mail, where others' messages are followed.
func (s *Sweep) heldTag(key string, last time.Time) bool {
	if s.o.Patience <= 0 || s.o.Import {
		return false
	}
	now := s.o.Now()
	since, waits := s.tagSince[key]
	if !waits {
		since = now
		s.tagSince[key] = now
	}
	if last.After(since) {
		since = last
	}
	if now.Sub(since) < s.o.Patience {
		return true
	}
	delete(s.tagSince, key)
	return false
}

// taggedBy is what was published of a user's tags, and whether it was ever asked.
func (s *Sweep) taggedBy(ctx context.Context, user string) (tags map[string]tagged, asked bool, err error) {
	r := s.o.Journal.Reader()
	if _, err := r.StateOf(ctx, s.usertagSource(), user); errors.Is(err, journal.ErrNotFound) {
		return nil, false, nil
	} else if err != nil {
		return nil, false, err
	}
	tags = map[string]tagged{}
	err = r.EachState(ctx, s.usertagSource(), func(key string, value []byte) error {
		if len(key) <= len(user) || key[:len(user)+1] != user+"\x00" {
			return nil
		}
		var t tagged
		if err := json.Unmarshal(value, &t); err != nil {
			return fmt.Errorf("reading the usertags of %s: %w", user, err)
		}
		tags[key[len(user)+1:]] = t
		return nil
	})
	return tags, true, err
}

// tagsAny says whether any tag has bugs.
func tagsAny(tags map[string]tagged) bool {
	for _, t := range tags {
		if len(t.Bugs) > 0 {
			return true
		}
	}
	return false
}

func union(a map[string]tagged, b map[string][]int) map[string]bool {
	all := map[string]bool{}
	for tag := range maps.Keys(a) {
		all[tag] = true
	}
	for tag := range maps.Keys(b) {
		all[tag] = true
	}
	return all
}

// differences are what two sorted lists do not share.
func differences(was, is []int) (added, removed []int) {
	added, removed = []int{}, []int{}
	for _, b := range is {
		if _, there := slices.BinarySearch(was, b); !there {
			added = append(added, b)
		}
	}
	for _, b := range was {
		if _, there := slices.BinarySearch(is, b); !there {
			removed = append(removed, b)
		}
	}
	return added, removed
}
