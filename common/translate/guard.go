package translate

import (
	"fmt"
	"path"
	"runtime"
	"strings"

	"busbar/common/event"
)

// Guarded is a table in which a translator's panic is poison: one bad item must not
// stop the others.
func Guarded[T any](table []Translator[T]) []Translator[T] {
	safe := make([]Translator[T], len(table))
	for i, t := range table {
		safe[i] = t
		safe[i].Translate = func(it Item[T]) (events []event.Event, err error) {
			defer func() {
				if v := recover(); v != nil {
					events, err = nil, Poison("the translator panicked: %v (%s)", v, Culprit())
				}
			}()
			return t.Translate(it)
		}
	}
	return safe
}

// Culprit, for a deferred function that recovers, is the line that panicked: the first frame below the runtime's own.
func Culprit() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for panicking := false; ; {
		frame, more := frames.Next()
		internal := strings.HasPrefix(frame.Function, "runtime.")
		if panicking && !internal {
			dir, file := path.Split(frame.File)
			return fmt.Sprintf("%s/%s:%d", path.Base(dir), file, frame.Line)
		}
		panicking = panicking || frame.Function == "runtime.gopanic"
		if !more {
			return "an unknown line"
		}
	}
}
