package pump

import (
	"fmt"
	"path"
	"runtime"
	"strings"

	"busbar/common/event"
	"busbar/common/translate"
)

// guarded turns a translator's panic into poison: one bad item must not stop
// the others.
func guarded(table []translate.Translator[any]) []translate.Translator[any] {
	safe := make([]translate.Translator[any], len(table))
	for i, t := range table {
		safe[i] = t
		safe[i].Translate = func(it translate.Item[any]) (events []event.Event, err error) {
			defer func() {
				if v := recover(); v != nil {
					events, err = nil, translate.Poison("the translator panicked: %v (%s)", v, culprit())
				}
			}()
			return t.Translate(it)
		}
	}
	return safe
}

// culprit is the line that panicked: the first frame below the runtime's own.
func culprit() string {
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
