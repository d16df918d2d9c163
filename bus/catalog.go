package main

import (
	"encoding/json"
	"fmt"
	"io"

	"busbar/common/daemon"
	"busbar/common/event"
	"busbar/common/show"
)

type catalogCmd struct {
	Format string `help:"text, markdown (the reference page) or jsonschema (one schema for each topic)." enum:"text,markdown,jsonschema" default:"text"`
	Topic  string `arg:"" optional:"" help:"Only this topic."`
}

// Run prints the kinds, as the adapters declare them.
func (c *catalogCmd) Run(p *daemon.Program) error {
	catalog := kinds()
	if c.Topic != "" {
		k, ok := catalog.ByTopic(c.Topic)
		if !ok {
			return fmt.Errorf("looking up %q: no such topic (bus catalog lists all)", c.Topic)
		}
		catalog = event.Catalog{k}
	}
	switch c.Format {
	case "markdown":
		return writeMarkdown(p.Stdout, catalog)
	case "jsonschema":
		enc := json.NewEncoder(p.Stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(schemas(catalog))
	}
	return writeText(p.Stdout, catalog)
}

func writeText(w io.Writer, catalog event.Catalog) error {
	for _, k := range catalog {
		if _, err := show.Fprintf(w, "%-32s %s\n", k.Topic, meaning(k)); err != nil {
			return err
		}
	}
	return nil
}

func meaning(k *event.Kind) string {
	if k.Family != "" {
		return k.Meaning + " (only with compat = [\"" + k.Family + "\"])"
	}
	return k.Meaning
}
