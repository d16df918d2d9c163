package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"busbar/common/event"
	"busbar/common/translate"
)

// A delivered is what a request said beside its body. As a line of JSON before
// the body it is what is kept of a request that cannot be read.
type delivered struct {
	Webhook  int       `json:"webhook"` // version of this form
	Forge    Forge     `json:"forge"`
	Kind     string    `json:"kind"`
	Name     string    `json:"name"`
	Received time.Time `json:"received"`
}

const version = 1

// read makes a delivery of a body; why says what it is where no ref moved.
func (r delivered) read(body []byte) (d Delivery, why string) {
	push, why, unreadable := Parse(r.Forge, r.Kind, body)
	if why != "" {
		return d, why
	}
	push.Time = r.Received
	r.Webhook = version
	head, err := json.Marshal(r)
	if err != nil { // never: the time is today's
		head = []byte("{}")
	}
	d.Names = names(r.Forge, r.Name, body)
	d.Item = translate.Item[any]{
		Origin: "webhook " + string(r.Forge) + " " + r.Name, Received: r.Received, Value: push,
		Raw:      append(append(head, '\n'), body...),
		Evidence: []event.Evidence{{Type: "webhook", Verdict: "pass", Detail: string(r.Forge)}},
	}
	if unreadable != nil {
		d.Item.Value = unreadable
	}
	return d, ""
}

// ErrNotKept means that an item is none that a webhook left.
var ErrNotKept = errors.New("this is nothing that a webhook left")

// Reread reads once more what was kept of a request. why is as for Parse.
func Reread(item []byte) (d Delivery, why string, err error) {
	line, body, ok := bytes.Cut(item, []byte("\n"))
	var r delivered
	if !ok || json.Unmarshal(line, &r) != nil || r.Webhook == 0 {
		if r, ok = former(item); !ok {
			return d, "", ErrNotKept
		}
		body = item
	}
	if r.Webhook != version {
		return d, "", fmt.Errorf("reading what a webhook left: it has version %d, this program reads %d", r.Webhook, version)
	}
	d, why = r.read(body)
	d.Item.Raw = item
	return d, why, nil
}

// former guesses what stood beside a body that an earlier version of this program
// kept alone.
func former(body []byte) (r delivered, ok bool) {
	var b struct {
		Project    *json.RawMessage `json:"project"`
		Repository *json.RawMessage `json:"repository"`
		RefType    *json.RawMessage `json:"ref_type"`
		After      *json.RawMessage `json:"after"`
	}
	if json.Unmarshal(body, &b) != nil || b.Project == nil && b.Repository == nil {
		return r, false
	}
	r = delivered{Webhook: version, Forge: GitHub, Kind: "push", Received: time.Now().UTC()}
	switch {
	case b.Project != nil:
		r.Forge = GitLab
	case b.RefType != nil && b.After == nil:
		r.Kind = "delete"
	}
	return r, true
}
