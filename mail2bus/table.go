package main

import (
	"busbar/adapters/britney"
	"busbar/adapters/buildd"
	"busbar/adapters/dak"
	"busbar/adapters/debbugs"
	"busbar/adapters/lists"
	"busbar/adapters/mentors"
	releases "busbar/adapters/release"
	"busbar/adapters/scm"
	"busbar/adapters/security"
	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/mail2bus/subscriptions"
)

type translator = translate.Translator[*mail.Message]

// Translators is who is asked about a mail, in this order. A new service that speaks
// mail is one line here.
func (c *Config) Translators() []translate.Translator[any] {
	t := []translate.Translator[any]{
		translate.Of(translator{Name: "mail", Translate: readable}),
	}
	t = append(t, subscriptions.Translators()...)
	t = append(t,
		whole(debbugs.Translator()),
		whole(dak.Translator(dak.Options{Private: c.Mail.Private})),
		translate.Of(dak.RemovalLog()),
		whole(britney.Translator()),
		whole(releases.Translator()),
		whole(buildd.Translator()),
		whole(security.Translator()),
		whole(mentors.Translator()),
		whole(scm.Mails(c.SCM.Service, c.SCM.Names)),
	)
	if c.Mail.Lists {
		t = append(t, translate.Of(lists.Translator())) // tells nothing of a mail's text
	}
	return t
}

// whole keeps aside a mail that its translator would tell, but that was cut on
// its way: what is published is known for ever, and the whole mail may follow.
func whole(t translator) translate.Translator[any] {
	inner := t.Translate
	t.Translate = func(it translate.Item[*mail.Message]) ([]event.Event, error) {
		events, err := inner(it)
		if cut := it.Value.Cut(); cut != "" && len(events) > 0 {
			return nil, translate.Poison("cut: %s", cut)
		}
		return events, err
	}
	return translate.Of(t)
}

// readable keeps aside what is no mail at all, before anybody looks into it.
func readable(it translate.Item[*mail.Message]) ([]event.Event, error) {
	if reason := it.Value.Unreadable(); reason != "" {
		return nil, translate.Poison("%s", reason)
	}
	return nil, translate.Skip("nobody's")
}
