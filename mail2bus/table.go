package main

import (
	"busbar/adapters"
	"busbar/adapters/dak"
	"busbar/adapters/debbugs"
	"busbar/adapters/lists"
	"busbar/adapters/scm"
	"busbar/common/event"
	"busbar/common/mail"
)

type translator = adapters.Translator[*mail.Message]

// table is who is asked about a mail, in this order. A new service that speaks
// mail is one line here.
func table(c Config) []translator {
	t := []translator{
		{Name: "mail", Translate: readable},
		debbugs.Translator(),
		dak.Translator(),
		scm.Mails(c.SCM.Service, c.SCM.Names),
	}
	if c.Mail.Lists {
		t = append(t, lists.Translator())
	}
	return t
}

// readable keeps aside what is no mail at all, before anybody looks into it.
func readable(it adapters.Item[*mail.Message]) ([]event.Event, error) {
	if reason := it.Value.Unreadable(); reason != "" {
		return nil, adapters.Poison("%s", reason)
	}
	return nil, adapters.Skip("nobody's")
}
