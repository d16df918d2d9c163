package pump

import (
	"context"

	"busbar/common/translate"
)

// A Channel hands out items. done(nil) means that the events are on disk and
// the source may forget the item, which never comes again (where a source cannot
// know that, the journal drops it by its id); done(err) means that it must keep the
// item, and hand it out again. Each done is called once, from any goroutine, in the
// order in which the items were handed out; after an error Next is called again only
// when all of them were. Position, if any, is stored in the same transaction as the
// events, and covers no item that comes later. Next returns when its context ends,
// with that error, also while items are in flight; io.EOF says that nothing is left.
// Package channeltest checks all this of any channel.
type Channel interface {
	Next(context.Context) (item translate.Item[any], position []byte, done func(error), err error)
}
