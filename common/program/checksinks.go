package program

import (
	"context"

	"busbar/common/config"
	"busbar/common/lines"
	"busbar/common/node"
)

// checkSinks looks at the ways out beside the publisher. It sends nothing.
func checkSinks(ctx context.Context, c *config.Shared) []Finding {
	var list []Finding
	if file := c.Lines.File; file != "" {
		list = append(list, Found("lines", (&lines.Sink{Path: file}).Check(), file))
	}
	if !c.Push.URL.Empty() {
		list = append(list, checkSecrets("the secret of the pushes", c.Push.SecretFile)...)
		if c.Push.Key != "" {
			list = append(list, checkSecrets("the key of the pushes", c.Push.Key)...)
		}
		if own, away := node.Push(c.Push).Check(ctx); away != nil {
			list = append(list, Away("push", away))
		} else {
			list = append(list, Found("push", own, c.Push.URL.String()))
		}
	}
	return list
}
