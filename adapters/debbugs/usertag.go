package debbugs

import (
	"slices"

	"busbar/common/event"
	"busbar/common/translate"
)

// UsertagTranslator reads changes of users' tags, which no mail tells.
func UsertagTranslator() translate.Translator[UsertagChange] {
	return translate.Translator[UsertagChange]{Name: "debbugs-usertag", Translate: usertag, Kinds: event.Catalog{usertagKind},
		Why: func(translate.Item[UsertagChange]) string { return "a change of a user's tag" }}
}

// usertag tells at most mostListed bugs an event.
func usertag(it translate.Item[UsertagChange]) ([]event.Event, error) {
	const most = 150_000
	ch := it.Value
	added, removed := sorted(ch.Added), sorted(ch.Removed)
	all := len(added) + len(removed)
	switch {
	case ch.User == "" || ch.Tag == "":
		return nil, translate.Poison("the change names no user or no tag")
	case all == 0:
		return nil, translate.Ignore("debbugs: the tag is on the same bugs as before")
	case all > most:
		return nil, translate.Poison("the change is of %d bugs, more than %d", all, most)
	}
	b := UsertagUpdated{User: tidy(ch.User), Tag: tidy(ch.Tag), Parts: (all + mostListed - 1) / mostListed}
	b.URL = usertagLink(b.User, b.Tag)
	events := make([]event.Event, b.Parts)
	for i := range events {
		b.Part = i + 1
		b.Added, added = take(added, mostListed)
		b.Removed, removed = take(removed, mostListed-len(b.Added))
		events[i] = event.Event{Kind: usertagKind, Key: UsertagKey(ch.User, ch.Tag, ch.Serial, b.Part), Body: b}
	}
	return events, nil
}

// take cuts at most n off the front.
func take(s []int, n int) (head, tail []int) {
	n = min(n, len(s))
	return s[:n:n], s[n:]
}

// sorted is the real numbers of bugs, each once.
func sorted(bugs []int) []int {
	all := slices.DeleteFunc(slices.Clone(bugs), func(n int) bool { return n <= 0 || n > 999_999_999 })
	slices.Sort(all)
	all = slices.Compact(all)
	if all == nil {
		all = []int{}
	}
	return all
}
