package notify

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"busbar/bus/config"
	"busbar/bus/notify/pages"
	"busbar/bus/notify/plan"
	"busbar/bus/notify/rule"
	"busbar/bus/notify/self"
	"busbar/common/archive"
	"busbar/common/exit"
)

// pagesOf are the pages on which people keep their rules.
func (d *daemon) pagesOf(cfg config.Config) (http.Handler, error) {
	n := cfg.Notify
	o := pages.Options{
		Store: d.people.store, Outbox: d.out, Source: d.people.source, Known: d.people.key, Check: d.ways.own(n.Self),
		Public: strings.TrimSuffix(n.Public, "/"), Mail: n.Mail.Control, Log: d.log,
		Given: func(key string) []*rule.Rule { return d.people.given(key) },
	}
	for _, way := range n.Self.Ways {
		if d.ways[way] != nil {
			o.Ways = append(o.Ways, way)
		}
	}
	if slices.Contains(o.Ways, "webpush") {
		key, err := n.WebPush.PublicKey()
		if err != nil {
			return nil, err
		}
		o.Push = key
	}
	for _, text := range n.Self.Proxies {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return nil, err
		}
		o.Peers = append(o.Peers, a)
	}
	if n.Self.OpenID.Configured() {
		var err error
		if d.openid, err = n.Self.OpenID.Open(n.Outside, o.Public); err != nil {
			return nil, &exit.Error{Code: exit.Config, Err: err}
		}
		o.OpenID = d.openid
		d.conditions.Watch(d.openid.Conditions)
	}
	if n.Webhook.Configured() {
		o.Secret = func(person, to string) string {
			secret, err := n.Webhook.Secret(person, to)
			if err != nil {
				d.log.Warn("a webhook's secret cannot be read", "error", err)
				return ""
			}
			return secret.Reveal()
		}
	}
	if file := archiveOf(cfg); file != "" {
		o.Try = (&tryer{prefix: cfg.Bus.Prefix, file: file}).try
	}
	return pages.New(o)
}

// given are the rules that files give a person.
func (p *people) given(key string) []*rule.Rule {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.book.People, func(one *rule.Person) bool { return one.Key == key })
	if i < 0 {
		return nil
	}
	return p.book.People[i].Rules
}

// A tryer tries rules on an archive, one at a time.
type tryer struct {
	prefix string
	file   string
	one    sync.Mutex
}

const (
	tryBack = 7 * 24 * time.Hour
	tryFor  = 8 * time.Second // then it has seen enough
	trySaid = 50              // notes that are shown
)

func (t *tryer) try(ctx context.Context, p *rule.Person) (pages.Trial, error) {
	if !t.one.TryLock() {
		return pages.Trial{}, self.Refusal("Another rule is tried just now. Load the page again in a few seconds.")
	}
	defer t.one.Unlock()
	r, err := archive.OpenReader(ctx, t.file)
	if err != nil {
		return pages.Trial{}, err
	}
	defer r.Close()
	now := time.Now()
	result := pages.Trial{From: now.Add(-tryBack), To: now}
	one := trial{prefix: t.prefix, person: p, out: func(at time.Time, to rule.Address, o plan.Out) error {
		n := o.Note(p.Key, to.Way, to.To)
		result.Said = append(result.Said, pages.Said{At: at, Kind: string(n.Kind), Subject: n.Subject})
		if len(result.Said) > 2*trySaid {
			result.Said = slices.Delete(result.Said, 0, trySaid)
		}
		return nil
	}}
	limited, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	err = one.run(limited, r, result.From)
	if limited.Err() != nil && ctx.Err() == nil {
		result.Cut, err = true, nil
		if !one.last.IsZero() {
			result.To = one.last
		}
	}
	result.Events, result.Wanted, result.Notes, result.Held = one.events, one.wanted, one.notes, one.held
	if len(result.Said) > trySaid {
		result.Said = slices.Delete(result.Said, 0, len(result.Said)-trySaid)
	}
	slices.Reverse(result.Said)
	return result, errors.Join(err, ctx.Err())
}
