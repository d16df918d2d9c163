package main

import (
	"busbar/adapters/scm"
	"busbar/common/translate"
)

// Translators is who is asked about a push, in this order.
func (c *Config) Translators() []translate.Translator[any] {
	return []translate.Translator[any]{translate.Unreadable("reader"), translate.Of(scm.Translator(c.SCM.Service, scm.Links{Commit: c.SCM.Links.Commit, Branch: c.SCM.Links.Branch, Tag: c.SCM.Links.Tag}))}
}
