package pump

import (
	"context"

	"busbar/common/translate"
)

// A Channel hands out items. done(nil) means that the events are on disk and
// the source may forget the item; done(err) means that it must keep it.
// Position, if any, is stored in the same transaction as the events.
type Channel interface {
	Next(context.Context) (item translate.Item[any], position []byte, done func(error), err error)
}
