package trigger

import (
	"context"

	"busbar/common/child"
)

// A runner runs the command.
type runner struct {
	child.Runner
	prefix  string
	environ []string
}

// run runs the command once for an event.
func (r *runner) run(kill context.Context, in *input, attempt int) child.Result {
	return r.Run(kill, in.line, func(most int) []string { return in.environ(r.environ, attempt, most) })
}
