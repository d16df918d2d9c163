package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"busbar/common/event"
)

// A hub answers by HTTP, as datagrepper does: /id, /raw and, of a publisher's numbers,
// /status.json (docs/howto/hub.md).
type hub struct {
	base   *url.URL
	client *http.Client
}

// errNoHub says that who answers is no hub.
var errNoHub = errors.New("who answers there is no hub")

const (
	// rows are the messages of one page, and maxPage the bytes of it.
	rows, maxPage = 100, 256 << 20
	// tries is how often a hub that is busy is asked.
	tries = 5
)

func openHub(where string, timeout time.Duration) (source, error) {
	base, err := url.Parse(where)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("replaying: %q is no address of a hub, such as http://127.0.0.1:9480 (%w)", where, cmp.Or(err, errNoHub))
	}
	return hub{base, &http.Client{Timeout: timeout}}, nil
}

func (h hub) close() error { h.client.CloseIdleConnections(); return nil }

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
		body, code, err := h.get(ctx, "id", url.Values{"id": {id}})
		switch {
		case err != nil:
			return err
		case code == http.StatusNotFound:
			err = c.lack("the message with id %s is not there: the hub does not have it", id)
		default:
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
	body, _, err := h.get(ctx, "status.json", nil)
	if err != nil {
		return err
	}
	var status struct{ Publishers []headOf }
	if err := json.Unmarshal(body, &status); err != nil {
		return fmt.Errorf("%w: reading its status: %w", errNoHub, err)
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
		body, _, err := h.get(ctx, "raw", q)
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
		return nil, fmt.Errorf("%w: reading its answer: %w", errNoHub, err)
	}
	page, _ := v.(map[string]any)
	raw, ok := page["raw_messages"].([]any)
	if !ok {
		return nil, fmt.Errorf("%w: its answer has no raw_messages", errNoHub)
	}
	var list []map[string]any
	for _, m := range raw {
		tree, ok := m.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%w: its answer has a message that is no object", errNoHub)
		}
		list = append(list, tree)
	}
	return list, nil
}

// get asks, and again where the hub is busy. The code is 200, or 404.
func (h hub) get(ctx context.Context, path string, q url.Values) (body []byte, code int, err error) {
	at := h.base.JoinPath(path)
	at.RawQuery = q.Encode()
	for try := 1; ; try++ {
		body, code, wait, err := h.once(ctx, at.String())
		switch {
		case err != nil:
			return nil, 0, fmt.Errorf("asking the hub: %w", err)
		case code == http.StatusOK, code == http.StatusNotFound && path == "id":
			return body, code, nil
		case code != http.StatusTooManyRequests && code < 500:
			return nil, 0, fmt.Errorf("%w: it answers %d: %.200q", errNoHub, code, body)
		case code != http.StatusTooManyRequests && code != http.StatusServiceUnavailable || try == tries:
			return nil, 0, fmt.Errorf("asking the hub: it answers %d: %.200q", code, body)
		}
		select {
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (h hub) once(ctx context.Context, at string) (body []byte, code int, wait time.Duration, err error) {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, 0, 0, err
	}
	answer, err := h.client.Do(ask)
	if err != nil {
		return nil, 0, 0, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxPage+1))
	if err == nil && len(body) > maxPage {
		err = fmt.Errorf("%s is longer than %d bytes: ask for less", at, maxPage)
	}
	wait = time.Second
	if n, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && n > 0 {
		wait = time.Duration(min(n, 30)) * time.Second
	}
	return body, answer.StatusCode, wait, err
}
