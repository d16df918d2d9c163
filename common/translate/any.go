package translate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"busbar/common/event"
)

// Of makes a row of a program's table of a translator: it skips what has
// another type.
func Of[T any](t Translator[T]) Translator[any] {
	row := Translator[any]{Name: t.Name, Kinds: t.Kinds}
	row.Translate = func(it Item[any]) ([]event.Event, error) {
		typed, ok := as[T](it)
		if !ok {
			return nil, Skip("another translator's")
		}
		return t.Translate(typed)
	}
	if t.Why != nil {
		row.Why = func(it Item[any]) string {
			typed, _ := as[T](it)
			return t.Why(typed)
		}
	}
	return row
}

func as[T any](it Item[any]) (Item[T], bool) {
	v, ok := it.Value.(T)
	return Item[T]{
		Source: it.Source, Origin: it.Origin, Value: v, Raw: it.Raw, Digest: it.Digest,
		Received: it.Received, Evidence: it.Evidence, Recovered: it.Recovered, States: it.States,
	}, ok
}

// Unreadable is the first row of a table whose channel reads items itself: a
// value that is an error is what became of the item. Ignore counts it, anything
// else is poison.
func Unreadable(name string) Translator[any] {
	return Translator[any]{Name: name, Translate: func(it Item[any]) ([]event.Event, error) {
		err, ok := it.Value.(error)
		if !ok {
			return nil, Skip("nobody's")
		}
		if v := (*verdict)(nil); errors.As(err, &v) {
			return nil, err
		}
		return nil, Poison("%v", err)
	}}
}

// JSON is the raw form of items that have none of their own: a change that was
// found by comparing. Whoever reads it once more gets the same value.
func JSON(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Appendf(nil, "%+v", v) // texts and numbers always encode
	}
	return bytes.TrimSpace(b.Bytes())
}
