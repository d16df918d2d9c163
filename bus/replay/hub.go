package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"busbar/bus/ask"
	"busbar/common/event"
)

// A hub answers by HTTP, as datagrepper does: /id, /raw and, of a publisher's numbers,
// /status.json (docs/howto/hub.md).
type hub struct{ *ask.Hub }

// rows are the messages of one page.
const rows = 100

func openHub(where string, silence time.Duration) (source, error) {
	h, err := ask.Open(where, silence)
	if err != nil {
		return nil, fmt.Errorf("replaying: %w", err)
	}
	return hub{h}, nil
}

func (h hub) close() error { h.Hub.Close(); return nil }

func (h hub) replay(ctx context.Context, w wanted, c *collector) error {
	switch {
	case len(w.ids) > 0:
		return h.ids(ctx, w.ids, c)
	case w.from > 0 || w.epoch != "":
		return h.numbers(ctx, w, c)
	}
	return h.pages(ctx, w, c, func(tree map[string]any, e event.Envelope) error { return c.takeTree(tree, e) })
}

func (h hub) ids(ctx context.Context, ids []string, c *collector) error {
	for _, id := range ids {
		body, err := h.Get(ctx, "id", url.Values{"id": {id}})
		var r *ask.Refusal
		switch {
		case errors.As(err, &r) && r.Code == http.StatusNotFound:
			err = c.lack("the message with id %s is not there: the hub does not have it", id)
		case err == nil:
			err = c.takeID(id, body)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A headOf is what a hub says of one sequence.
type headOf struct {
	Publisher, Epoch string
	Head, Base       uint64
}

// numbers hands over a range of a publisher's numbers, and names what is not there.
func (h hub) numbers(ctx context.Context, w wanted, c *collector) error {
	if w.publisher == "" {
		return errors.New("numbers are a publisher's own: say which (--publisher)")
	}
	body, err := h.Get(ctx, "status.json", nil)
	if err != nil {
		return err
	}
	var status struct{ Publishers []headOf }
	if err := json.Unmarshal(body, &status); err != nil {
		return fmt.Errorf("%w: reading its status: %w", ask.ErrNoHub, err)
	}
	var of headOf
	for _, p := range status.Publishers { // the newest is the last
		if p.Publisher == w.publisher && (w.epoch == "" || p.Epoch == w.epoch) {
			of = p
		}
	}
	if of.Publisher == "" {
		return c.lack("the hub has nothing of publisher %s, epoch %s", w.publisher, cmp.Or(w.epoch, "any"))
	}
	next := max(w.from, 1)
	last := cmp.Or(w.to, of.Head)
	err = h.pages(ctx, w, c, func(tree map[string]any, e event.Envelope) error {
		n := uint64(max(e.Seq, 0))
		if e.Publisher != of.Publisher || e.Epoch != of.Epoch || n < next || n > last {
			return nil
		}
		if n > next {
			if err := c.lackNumbers(of.Publisher, next, n-1, h.why(of, n-1)); err != nil {
				return err
			}
		}
		next = n + 1
		return c.takeTree(tree, e)
	})
	if err == nil && next <= last {
		err = c.lackNumbers(of.Publisher, next, last, h.why(of, last))
	}
	return err
}

// why is the reason why messages up to a number are not at the hub.
func (h hub) why(of headOf, last uint64) string {
	switch {
	case last <= of.Base:
		return "the hub no longer keeps them"
	case last > of.Head:
		return fmt.Sprintf("the newest at the hub is %d", of.Head)
	}
	return "the hub does not have them"
}

// pages hands over what /raw finds, as it was stored, page by page. The hub keeps an
// answer as it is while pages are asked for.
func (h hub) pages(ctx context.Context, w wanted, c *collector, hand func(map[string]any, event.Envelope) error) error {
	q := url.Values{"order": {"asc"}, "rows_per_page": {strconv.Itoa(rows)}, "end": {seconds(time.Now().Add(time.Hour))}}
	if !w.since.IsZero() {
		q.Set("start", seconds(w.since))
	}
	if !w.until.IsZero() {
		q.Set("end", seconds(w.until))
	}
	if text := query(w.publisher, c); text != "" {
		q.Set("q", text)
	}
	for page := 1; ; page++ {
		q.Set("page", strconv.Itoa(page))
		body, err := h.Get(ctx, "raw", q)
		if err != nil {
			return err
		}
		list, err := messages(body)
		if err != nil {
			return err
		}
		for _, tree := range list {
			if err := hand(tree, event.View(tree)); err != nil {
				return err
			}
		}
		if len(list) == 0 { // a page of long messages has fewer than rows
			return nil
		}
	}
}

// seconds is a time as datagrepper has it.
func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// query leaves to the hub what it can choose by itself (archive.ParseQuery). What has
// quotes cannot be said there; all is chosen here once more.
func query(publisher string, c *collector) string {
	var terms []string
	add := func(field string, values ...string) {
		for _, v := range values {
			if v == "" || strings.ContainsAny(v, `"*`) {
				return
			}
		}
		for _, v := range values {
			terms = append(terms, field+`:"`+v+`"`)
		}
	}
	if publisher != "" {
		add("publisher", publisher)
	}
	add("topic", c.takes.Topic...)
	add("package", c.takes.Package...)
	add("person", c.takes.Person...)
	return strings.Join(terms, " ")
}

// messages are those of a page.
func messages(body []byte) ([]map[string]any, error) {
	v, err := event.Parse(body)
	if err != nil {
		return nil, fmt.Errorf("%w: reading its answer: %w", ask.ErrNoHub, err)
	}
	page, _ := v.(map[string]any)
	raw, ok := page["raw_messages"].([]any)
	if !ok {
		return nil, fmt.Errorf("%w: its answer has no raw_messages", ask.ErrNoHub)
	}
	var list []map[string]any
	for _, m := range raw {
		tree, ok := m.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%w: its answer has a message that is no object", ask.ErrNoHub)
		}
		list = append(list, tree)
	}
	return list, nil
}
