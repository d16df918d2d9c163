// Package catalog is `bus catalog`: the kinds of events that exist.
package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"busbar/bus/kinds"
	"busbar/bus/schema"
	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/show"
)

// Command is `bus catalog`.
type Command struct {
	Catalog list `cmd:"" help:"List the kinds of events that exist."`
}

type list struct {
	Format   string `help:"text, markdown (the reference page), jsonschema (one schema for each topic) or asyncapi (an AsyncAPI 3 document)." enum:"text,markdown,jsonschema,asyncapi" default:"text"`
	Asyncapi bool   `help:"The same as --format asyncapi."`
	States   bool   `help:"List the states of things that a hub keeps, not the kinds of events; as text or markdown."`
	Topic    string `arg:"" optional:"" help:"Only this topic."`
}

// Run prints the kinds, as the adapters declare them.
func (c *list) Run(p *program.Env) error {
	if c.States {
		if c.Topic != "" || c.Asyncapi || c.Format != "text" && c.Format != "markdown" {
			return &exit.Error{Code: exit.Usage, Err: errors.New("listing the states: they are not of a topic, and have the formats text and markdown")}
		}
		present, err := kinds.Present()
		if err != nil {
			return err
		}
		return writeStates(p.Stdout, present, c.Format == "markdown")
	}
	catalog := kinds.All()
	if c.Topic != "" {
		k, ok := catalog.ByTopic(c.Topic)
		if !ok {
			return fmt.Errorf("looking up %q: no such topic (bus catalog lists all)", c.Topic)
		}
		catalog = event.Catalog{k}
	}
	format := c.Format
	if c.Asyncapi {
		format = "asyncapi"
	}
	switch format {
	case "markdown":
		examples, err := storedExamples()
		if err != nil {
			return err
		}
		return writeMarkdown(p.Stdout, catalog, examples)
	case "jsonschema":
		return writeJSON(p.Stdout, schema.All(catalog))
	case "asyncapi":
		return writeJSON(p.Stdout, schema.AsyncAPI(catalog))
	}
	return writeText(p.Stdout, catalog)
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func writeText(w io.Writer, catalog event.Catalog) error {
	for _, k := range catalog {
		if _, err := show.Fprintf(w, "%-32s %s\n", k.Topic, kinds.Meaning(k)); err != nil {
			return err
		}
	}
	return nil
}
