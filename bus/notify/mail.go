package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"time"

	"busbar/bus/config"
	"busbar/bus/notify/control"
	"busbar/bus/notify/outbox"
	"busbar/bus/notify/self"
	"busbar/common/exit"
	"busbar/common/mail"
	"busbar/common/program"
	"busbar/common/show"
)

type mailCommand struct {
	Sender    *string `help:"The sender by the envelope, empty of a bounce. Default: SENDER of the environment, as Postfix and Exim set it." placeholder:"ADDRESS"`
	Recipient string  `help:"The recipient by the envelope. Default: ORIGINAL_RECIPIENT or RECIPIENT of the environment, else Delivered-To or X-Original-To of the mail." placeholder:"ADDRESS"`
}

// Run does what the mail on standard input says. Whatever goes wrong here, the mail system
// is to keep the mail.
func (c *mailCommand) Run(p *program.Env, g *program.Globals) error {
	did, err := c.take(p, g)
	if err != nil {
		return &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("taking a mail: %w", err)}
	}
	_, err = show.Fprintln(p.Stdout, show.OneLine(did))
	return err
}

func (c *mailCommand) take(p *program.Env, g *program.Globals) (string, error) {
	cfg, err := config.Load(p, g)
	if err == nil {
		err = cfg.Notify.Complete()
	}
	if err != nil {
		return "", err
	}
	if cfg.Notify.Mail.Control == "" && cfg.Notify.Mail.Bounces == "" {
		return "", errors.New("no mail is expected (set [notify.mail] control or bounces)")
	}
	limit := mail.DefaultLimits().Bytes
	raw, err := io.ReadAll(io.LimitReader(p.Stdin, limit+1))
	switch {
	case err != nil:
		return "", err
	case len(raw) == 0:
		return "", errors.New("standard input is empty or closed, and no mail")
	case int64(len(raw)) > limit:
		return "not answered: it is larger than any mail of commands", nil
	}
	ctx := context.Background()
	out, err := outbox.OpenBeside(ctx, cfg.Notify.Outbox)
	if err != nil {
		return "", err
	}
	defer out.Close()
	e := control.Envelope{Recipient: cmp.Or(c.Recipient, p.Getenv("ORIGINAL_RECIPIENT"), p.Getenv("RECIPIENT"))}
	if c.Sender != nil {
		e.Sender, e.Known = *c.Sender, true
	} else if sender := p.Getenv("SENDER"); sender != "" {
		e.Sender, e.Known = sender, true
	}
	m := mail.Parse(raw, mail.DefaultLimits())
	e.Recipient = cmp.Or(e.Recipient, m.Header.Address("Delivered-To").Email, m.Header.Address("X-Original-To").Email)
	if tag, ok := control.BounceTag(e.Recipient, cfg.Notify.Mail.Bounces); ok {
		return bounced(ctx, out, tag, m)
	}
	if cfg.Notify.Mail.Control == "" {
		return "not answered: it is no bounce of ours, and there is no control address", nil
	}
	store, err := self.Open(ctx, out, cfg.Notify.Self.Limits())
	if err != nil {
		return "", err
	}
	return mailControl(cfg.Notify, store).Take(ctx, raw, e)
}

// mailControl answers mails of commands.
func mailControl(c config.Notify, store *self.Store) *control.Control {
	ctl := &control.Control{Store: store, Address: c.Mail.Control, Own: []string{c.Mail.Control}}
	if from, err := netmail.ParseAddress(c.Mail.From); err == nil {
		ctl.Own = append(ctl.Own, from.Address)
	}
	for _, a := range []string{c.Mail.Sender, c.Mail.Bounces, c.Mail.Unsubscribe} {
		if a != "" {
			ctl.Own = append(ctl.Own, a)
		}
	}
	ctl.Pages = c.Pages()
	return ctl
}

// bounced stores that a mail came back, if it did so for good.
func bounced(ctx context.Context, out *outbox.Outbox, tag string, m *mail.Message) (string, error) {
	secret, err := out.Secret(ctx)
	if err != nil {
		return "", err
	}
	note, ok := outbox.BouncedNote(secret, tag)
	if !ok {
		return "a bounce of no note of ours", nil
	}
	reason, hard := control.Bounce(m)
	if !hard {
		return "not for good: " + reason, nil
	}
	known, paused, err := out.Bounced(ctx, note, reason, time.Now())
	switch {
	case err != nil:
		return "", err
	case !known:
		return "a bounce of a note that is forgotten", nil
	case paused:
		return "a bounce, and its address is paused: " + reason, nil
	}
	return "a bounce: " + reason, nil
}
