package notify

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"busbar/bus/config"
	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/command"
	"busbar/bus/notify/dest/mail"
	"busbar/bus/notify/rule"
)

// ways are the destinations that are configured, by name.
type ways map[string]dest.Destination

// openWays opens them. A new way to people is one entry here, and its table in
// bus/config.
func openWays(c config.Notify, log *slog.Logger, out io.Writer) (ways, error) {
	w := ways{}
	for _, one := range []struct {
		name       string
		configured bool
		open       func() (dest.Destination, error)
	}{
		{"mail", c.Mail.Configured(), func() (dest.Destination, error) { return mail.Open(c.Mail) }},
		{"irc", c.IRC.Configured(), func() (dest.Destination, error) { return c.IRC.Open() }},
		{"ntfy", c.Ntfy.Configured(), func() (dest.Destination, error) { return c.Ntfy.Open(c.Outside) }},
		{"webpush", c.WebPush.Configured(), func() (dest.Destination, error) { return c.WebPush.Open(c.Outside) }},
		{"webhook", c.Webhook.Configured(), func() (dest.Destination, error) { return c.Webhook.Open(c.Outside) }},
		{"matrix", c.Matrix.Configured(), func() (dest.Destination, error) { return c.Matrix.Open(c.Outside) }},
		{"mastodon", c.Mastodon.Configured(), func() (dest.Destination, error) { return c.Mastodon.Open(c.Outside) }},
		{"command", len(c.Command) > 0, func() (dest.Destination, error) { return command.Open(c.Command, out, log) }},
	} {
		if !one.configured {
			continue
		}
		d, err := one.open()
		if err != nil {
			return nil, errors.Join(err, w.Close())
		}
		w[one.name] = d
	}
	return w, nil
}

// names are sorted.
func (w ways) names() []string { return slices.Sorted(maps.Keys(w)) }

// check says whether an address may be one of a destination that there is.
func (w ways) check(a rule.Address) error {
	d := w[a.Way]
	if d == nil {
		there := "none is configured"
		if len(w) > 0 {
			there = "there are " + strings.Join(w.names(), ", ")
		}
		return fmt.Errorf("%s: there is no destination %q (%s; see [notify.%s])", a, a.Way, there, a.Way)
	}
	if err := d.Check(a.To); err != nil {
		return fmt.Errorf("%s: %w", a, err)
	}
	return nil
}

// own is check for addresses that people choose themselves: of the ways that are allowed to
// them.
func (w ways) own(c config.NotifySelf) func(rule.Address) error {
	return func(a rule.Address) error {
		if a.Way != "mail" && !slices.Contains(c.Ways, a.Way) {
			return fmt.Errorf("%s: %q is none of the destinations that people may choose (%s)", a, a.Way, strings.Join(c.Ways, ", "))
		}
		return w.check(a)
	}
}

// stay has those present that can be.
func (w ways) stay() {
	for _, d := range w {
		if s, ok := d.(dest.Stayer); ok {
			s.Stay()
		}
	}
}

// Close closes all.
func (w ways) Close() error {
	var errs []error
	for _, d := range w {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}
