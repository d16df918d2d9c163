package hub

import (
	"context"
	"errors"
	"sync"
	"time"

	"busbar/common/archive"
)

const (
	// pagesKept is for how long an answer stays as it was at its first page.
	pagesKept    = 10 * time.Minute
	answersKept  = 1000
	placesKept   = 2000 // of one answer
	countedMost  = 100_000
	skippedPages = 40 // of 1000 messages each, to reach a page that nobody asked for
)

var errFar = errors.New("this page is too far from those that were asked for: ask page by page")

// pages remembers, for clients that count pages, where each begins. An answer is
// frozen at what had arrived when its first page was asked for, so that messages
// that come meanwhile move nothing from page to page.
type pages struct {
	now func() time.Time

	mu      sync.Mutex
	answers map[string]*frozen
}

// A frozen is one answer.
type frozen struct {
	until  int64 // arrivals
	total  int64
	exact  bool
	made   time.Time
	places map[int]archive.Place // of a page, where it begins; 0: there is none
}

func newPages(now func() time.Time) *pages {
	return &pages{now: now, answers: map[string]*frozen{}}
}

// find gives one page of an answer.
func (p *pages) find(ctx context.Context, r *archive.Reader, q archive.Query, a *arguments) (archive.Page, *frozen, error) {
	f, err := p.answer(ctx, r, q, a)
	if err != nil {
		return archive.Page{}, nil, err
	}
	q.Until = f.until
	at, found, err := p.seek(ctx, r, q, f, a.Page)
	if err != nil || !found {
		return archive.Page{}, f, err
	}
	q.After = at
	page, err := r.Find(ctx, q)
	if err == nil && !page.Cut {
		p.keep(f, a.Page+1, page.Next)
	}
	return page, f, err
}

// answer is the frozen answer to a question, counted where it is new.
func (p *pages) answer(ctx context.Context, r *archive.Reader, q archive.Query, a *arguments) (*frozen, error) {
	p.mu.Lock()
	f := p.answers[a.key]
	if f != nil && (p.now().Sub(f.made) > pagesKept || a.Page == 1 && !a.closed) {
		f = nil
	}
	p.mu.Unlock()
	if f != nil {
		return f, nil
	}
	f = &frozen{made: p.now(), places: map[int]archive.Place{}}
	var err error
	if _, f.until, err = r.Range(ctx); err != nil {
		return nil, err
	}
	if f.total, f.exact, err = r.Count(ctx, q, countedMost); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.answers) >= answersKept {
		for key, old := range p.answers {
			if p.now().Sub(old.made) > pagesKept || len(p.answers) >= answersKept {
				delete(p.answers, key)
			}
		}
	}
	p.answers[a.key] = f
	return f, nil
}

// seek is where a page begins. Where nobody asked for the page before it, what lies
// between is passed over, within bounds.
func (p *pages) seek(ctx context.Context, r *archive.Reader, q archive.Query, f *frozen, page int) (at archive.Place, found bool, err error) {
	if page == 1 {
		return 0, true, nil
	}
	p.mu.Lock()
	known := page
	for ; known > 1; known-- {
		if place, ok := f.places[known]; ok {
			if place == 0 {
				p.mu.Unlock()
				return 0, false, nil
			}
			at = place
			break
		}
	}
	p.mu.Unlock()
	missing := (page - known) * q.Limit
	for range skippedPages {
		if missing == 0 {
			return at, true, nil
		}
		q.After, q.Limit = at, min(missing, 1000)
		list, err := r.Find(ctx, q)
		if err != nil {
			return 0, false, err
		}
		missing -= len(list.Messages)
		if at = list.Next; at == 0 {
			p.keep(f, page, 0)
			return 0, false, nil
		}
	}
	return 0, false, errFar
}

func (p *pages) keep(f *frozen, page int, at archive.Place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(f.places) < placesKept {
		f.places[page] = at
	}
}
