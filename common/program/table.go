package program

import (
	"busbar/common/event"
	"busbar/common/translate"
)

// table is who is asked about an item. Where the configuration says so, addresses
// are taken out of what they say before anybody else sees it.
func table(c Config) []translate.Translator[any] {
	rows := c.Translators()
	if c.Common().Bus.Addresses {
		return rows
	}
	for i := range rows {
		inner := rows[i].Translate
		rows[i].Translate = func(it translate.Item[any]) ([]event.Event, error) {
			events, err := inner(it)
			out := make([]event.Event, len(events))
			for i, e := range events {
				out[i] = event.WithoutAddresses(e)
			}
			return out, err
		}
	}
	return rows
}
