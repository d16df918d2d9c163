package debbugs

import (
	"fmt"
	"strconv"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/runes"
)

// old tells the same fact under its name and in its form of 2013. Unlike then,
// texts are decoded, patches are filled in, and a message to the submitter is
// no "report".
func old(k *event.Kind, kind string, m *mail.Message, b Bug, e event.Event) event.Event {
	body := Debmessenger{
		From:    line(m.Header.Get("From")),
		Source:  b.Source,
		Package: strings.Join(b.Packages, ", "),
		Tags:    b.Tags,
		Type:    kind,
		Nb:      strconv.Itoa(b.Bug),
		Title:   line(m.Header.Get("Subject")),
		Patches: []string{},
	}
	if kind == "closed" {
		body.Title = fmt.Sprintf("Bug#%d: marked as done (%s)", b.Bug, b.Title)
	}
	body.Content, _ = runes.Cut(text(m), maxText)
	for _, tag := range b.Tags {
		if tag == "patch" {
			left := maxText
			body.Patches = patches(body.Patches, m.Body, &left)
		}
	}
	return event.Event{Kind: k, Key: e.Key, Time: e.Time, Body: body}
}

// patches appends the patches among a part's parts while there is room left.
func patches(all []string, p *mail.Part, left *int) []string {
	const most = 50
	if (p.Type == "text/x-diff" || p.Type == "text/x-patch") && len(all) < most && len(p.Text) <= *left {
		*left -= len(p.Text)
		all = append(all, p.Text)
	}
	for _, child := range p.Parts {
		all = patches(all, child, left)
	}
	return all
}
