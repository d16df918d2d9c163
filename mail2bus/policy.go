package main

import (
	"fmt"

	"busbar/common/translate"
	"busbar/mail2bus/proof"
)

// completePolicy reads what mails must be proved by.
func (c *Config) completePolicy() error {
	m := c.Mail
	if m.Unproved != "poison" && m.Unproved != "mark" {
		return fmt.Errorf("checking [mail] unproved: %q is neither poison nor mark", m.Unproved)
	}
	if len(m.Require) == 0 {
		return nil
	}
	keys := &proof.Keys{DNS: m.DNS}
	if m.DKIMKeys != "" {
		var err error
		if keys.File, err = proof.ReadKeys(m.DKIMKeys); err != nil {
			return fmt.Errorf("reading [mail] dkim_keys: %w", err)
		}
	}
	var err error
	c.policy, err = proof.New(proof.Options{
		Require: m.Require, Keys: keys.Lookup, ResultsOf: m.ResultsOf, ReceivedBy: m.ReceivedBy, Keyrings: m.Keyrings,
		Mark: m.Unproved == "mark", Imported: m.RequireImported,
	})
	return err
}

// Judge holds what the translators made of a mail to the policy.
func (c *Config) Judge(it translate.Item[any], out translate.Outcome) (translate.Item[any], translate.Outcome, error) {
	if c.policy == nil {
		return it, out, nil // and the channels note nothing
	}
	return c.policy.Judge(it, out)
}
