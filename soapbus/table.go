package main

import (
	"busbar/adapters/debbugs"
	"busbar/common/translate"
)

// Translators is who is asked about a change, in this order.
func (c *Config) Translators() []translate.Translator[any] {
	return []translate.Translator[any]{
		translate.Unreadable("json"), translate.Of(debbugs.ChangeTranslator()), translate.Of(debbugs.UsertagTranslator()),
	}
}
