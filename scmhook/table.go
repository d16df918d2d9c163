package main

import (
	"time"

	"busbar/adapters/scm"
	"busbar/common/translate"
	"busbar/scmhook/feed"
)

// newItem is a batch as an item: the push that describes it, or why there is
// none.
func newItem(b feed.Batch, push scm.Push) translate.Item[any] {
	it := translate.Item[any]{
		Value: push, Raw: b.Raw, States: b.States, Received: time.Now(), Origin: "comparing the refs of " + b.Repository.Name,
	}
	if n := b.Notice; n != nil {
		it.Received, it.Origin = n.Time, "hook "+n.Hook+" of "+n.Repository
		it.Evidence = evidence(*n)
	}
	switch {
	case b.Broken != "":
		it.Origin, it.Value = "a file of the spool", translate.Poison("%s", b.Broken)
	case b.Nothing != "":
		it.Value = translate.Ignore(b.Nothing)
	}
	return it
}

// Translators is who is asked about a push, in this order.
func (c *Config) Translators() []translate.Translator[any] {
	return []translate.Translator[any]{translate.Unreadable("reader"), translate.Of(scm.Translator(c.SCM.Service, c.SCM.links()))}
}
