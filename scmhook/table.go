package main

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"busbar/adapters/scm"
	"busbar/common/event"
	"busbar/common/translate"
	"busbar/scmhook/feed"
)

// A told is what goes through the pump: a batch, and the push that describes it.
type told struct {
	feed.Batch
	Push scm.Push
}

// newItem is a batch as an item; its origin is for people.
func newItem(t told) translate.Item[told] {
	it := translate.Item[told]{Value: t, Received: time.Now(), Origin: "comparing the refs of " + t.Repository.Name}
	if n := t.Notice; n != nil {
		it.Received, it.Origin = n.Time, "hook "+n.Hook+" of "+n.Repository
		it.Evidence = evidence(*n)
	}
	if t.Broken != "" {
		it.Origin = "a file of the spool"
	}
	return it
}

// table is who is asked about a push, in this order.
func table(c SCMConfig) []translate.Translator[told] {
	push := scm.Translator(c.Service, c.links())
	return []translate.Translator[told]{
		{Name: "reader", Translate: readable},
		{Name: push.Name, Kinds: push.Kinds, Translate: func(it translate.Item[told]) ([]event.Event, error) {
			return push.Translate(itemOf(it))
		}},
	}
}

func itemOf(it translate.Item[told]) translate.Item[scm.Push] {
	return translate.Item[scm.Push]{Origin: it.Origin, Value: it.Value.Push, Received: it.Received, Evidence: it.Evidence}
}

// readable keeps aside what cannot be read, and counts what says nothing.
func readable(it translate.Item[told]) ([]event.Event, error) {
	switch b := it.Value; {
	case b.Broken != "":
		return nil, translate.Poison("%s", b.Broken)
	case b.Nothing != "":
		return nil, translate.Ignore(b.Nothing)
	}
	return nil, translate.Skip("nobody's")
}

// kept is what poison keeps of an item. Its digest goes with every item, so that
// the poison of one that is read at last is forgotten.
func kept(t told) ([]byte, string) {
	if t.Raw == nil {
		return nil, ""
	}
	sum := sha256.Sum256(t.Raw)
	return t.Raw, hex.EncodeToString(sum[:])
}
