package program

import (
	"busbar/common/config"
	"busbar/common/lines"
)

// checkSinks looks at the ways out beside the publisher.
func checkSinks(c *config.Shared) []Finding {
	var list []Finding
	if file := c.Lines.File; file != "" {
		list = append(list, Found("lines", (&lines.Sink{Path: file}).Check(), file))
	}
	return list
}
