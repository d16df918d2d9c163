// Package refs decides what to publish of a repository: it compares what hooks
// said, and what the refs are, with what was published before.
//
// What was published of a ref is a chain: each update begins where the one before it
// ended, and the first where nothing was. A hook's line that continues the chain
// is published as it is. One that does not is either old news or follows on updates
// whose hooks were lost. What no hook reported, Look finds. So after a Look the
// chain of every ref ends where the ref is: nothing is lost and, as the chain
// only moves on, nothing is published twice.
//
// The first sight of a repository is a baseline: its refs are recorded and not
// published.
//
// Not here: asking a repository (scmhook/git, scmhook/svn, scmhook/hg), keeping
// the state (the journal's Seen), and what an update means (adapters/scm).
package refs

import (
	"maps"
	"slices"

	"busbar/scmhook/spool"
)

// A Published is what was last published of one ref.
type Published struct {
	ID string `json:"id"`
	// Baseline says that nothing was: the ref was there at first sight.
	Baseline bool `json:"baseline,omitempty"`
}

// An Update is what to publish of one ref. An id is empty where the ref is not
// there.
type Update struct {
	Ref, Old, New string
	// Nth is how often this very update was published before.
	Nth int
	// Recovered says that no hook reported it.
	Recovered bool
}

// A Book is what was published of one repository. It changes with what is planned:
// make a new one where a plan was not stored.
type Book struct {
	Refs map[string]Published
	// Pairs counts how often an update was published. Its error is transient.
	Pairs func(ref, old, new string) (int, error)

	planned map[spool.Line]int // updates of this plan
}

// A Present is what is known beside a hook's own lines.
type Present struct {
	Refs  map[string]string // as they are now
	Later []spool.Line      // of the hooks that came after, and still wait
}

// leads reports whether an id that a ref had led to where it is now, by hooks that
// still wait.
func (p *Present) leads(ref, id string) bool {
	for _, l := range p.Later {
		if l.Ref == ref && l.Old == id {
			id = l.New
		}
	}
	return p.Refs[ref] == id
}

// Lines plans what to publish of a hook's lines. present is asked for at most once,
// and only where a line does not continue what was published. Gap says that there was
// such a line: a hook that runs at the same time may still bring what is missing.
func (b *Book) Lines(lines []spool.Line, present func() (*Present, error)) (plan []Update, gap bool, err error) {
	var now *Present
	for _, l := range lines {
		published := b.Refs[l.Ref]
		switch {
		case l.Old == l.New:
			continue
		case published.ID == l.Old, published.ID == l.New && published.Baseline:
			// The second: the baseline was taken after the push.
			if err := b.add(&plan, l, false); err != nil {
				return nil, false, err
			}
			continue
		case published.ID == l.New:
			continue // known
		}
		gap = true
		if now == nil {
			if now, err = present(); err != nil {
				return nil, false, err
			}
		}
		if !now.leads(l.Ref, l.New) {
			continue // old news, or a hook after it was lost, too
		}
		// Hooks before this one were lost: first what they would have reported.
		if err := b.add(&plan, spool.Line{Ref: l.Ref, Old: published.ID, New: l.Old}, true); err != nil {
			return nil, false, err
		}
		if err := b.add(&plan, l, false); err != nil {
			return nil, false, err
		}
	}
	return plan, gap, nil
}

// Look plans what to publish so that the chain of every ref ends where it is.
func (b *Book) Look(actual map[string]string) ([]Update, error) {
	var plan []Update
	for _, ref := range slices.Sorted(maps.Keys(b.Refs)) {
		if published := b.Refs[ref]; actual[ref] == "" {
			if err := b.add(&plan, spool.Line{Ref: ref, Old: published.ID}, true); err != nil {
				return nil, err
			}
		}
	}
	for _, ref := range slices.Sorted(maps.Keys(actual)) {
		if published := b.Refs[ref]; published.ID != actual[ref] {
			if err := b.add(&plan, spool.Line{Ref: ref, Old: published.ID, New: actual[ref]}, true); err != nil {
				return nil, err
			}
		}
	}
	return plan, nil
}

// Unpublished plans to publish the refs of the baseline, as if they had been made now.
func (b *Book) Unpublished() ([]Update, error) {
	var plan []Update
	for _, ref := range slices.Sorted(maps.Keys(b.Refs)) {
		published := b.Refs[ref]
		if !published.Baseline {
			continue
		}
		if err := b.add(&plan, spool.Line{Ref: ref, New: published.ID}, true); err != nil {
			return nil, err
		}
	}
	return plan, nil
}

// add plans one update and moves the book on.
func (b *Book) add(plan *[]Update, l spool.Line, recovered bool) error {
	if l.Old == l.New {
		return nil
	}
	if b.planned == nil {
		b.planned = map[spool.Line]int{}
	}
	nth, err := b.Pairs(l.Ref, l.Old, l.New)
	if err != nil {
		return err
	}
	nth += b.planned[l]
	b.planned[l]++
	*plan = append(*plan, Update{Ref: l.Ref, Old: l.Old, New: l.New, Nth: nth, Recovered: recovered})
	if l.New == "" {
		delete(b.Refs, l.Ref)
	} else {
		b.Refs[l.Ref] = Published{ID: l.New}
	}
	return nil
}

// Baseline is the book of a repository at first sight: its refs as they are,
// and where a hook is just telling of one, as it was before.
func Baseline(actual map[string]string, lines []spool.Line) map[string]Published {
	published := make(map[string]Published, len(actual))
	for ref, id := range actual {
		published[ref] = Published{ID: id, Baseline: true}
	}
	for _, l := range lines {
		if l.Old == "" {
			delete(published, l.Ref)
		} else {
			published[l.Ref] = Published{ID: l.Old, Baseline: true}
		}
	}
	return published
}
