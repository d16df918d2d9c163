// Package catalog is `bus catalog`: the kinds of events that exist.
package catalog

import (
	"encoding/json"
	"fmt"
	"io"

	"busbar/bus/kinds"
	"busbar/bus/schema"
	"busbar/common/event"
	"busbar/common/program"
	"busbar/common/show"
)

// Command is `bus catalog`.
type Command struct {
	Catalog list `cmd:"" help:"List the kinds of events that exist."`
}

type list struct {
	Format string `help:"text, markdown (the reference page) or jsonschema (one schema for each topic)." enum:"text,markdown,jsonschema" default:"text"`
	Topic  string `arg:"" optional:"" help:"Only this topic."`
}

// Run prints the kinds, as the adapters declare them.
func (c *list) Run(p *program.Env) error {
	catalog := kinds.All()
	if c.Topic != "" {
		k, ok := catalog.ByTopic(c.Topic)
		if !ok {
			return fmt.Errorf("looking up %q: no such topic (bus catalog lists all)", c.Topic)
		}
		catalog = event.Catalog{k}
	}
	switch c.Format {
	case "markdown":
		examples, err := storedExamples()
		if err != nil {
			return err
		}
		return writeMarkdown(p.Stdout, catalog, examples)
	case "jsonschema":
		enc := json.NewEncoder(p.Stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(schema.All(catalog))
	}
	return writeText(p.Stdout, catalog)
}

func writeText(w io.Writer, catalog event.Catalog) error {
	for _, k := range catalog {
		if _, err := show.Fprintf(w, "%-32s %s\n", k.Topic, kinds.Meaning(k)); err != nil {
			return err
		}
	}
	return nil
}
