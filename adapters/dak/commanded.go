package dak

import (
	"errors"
	"strings"

	"busbar/common/event"
	"busbar/common/pattern"
	"busbar/common/runes"
)

const commandResults = "Results of processing "

var (
	commandsName = pattern.New(`^[^/\s\x00]{1,300}$`)
	commandError = "There was an error processing this section. No changes were committed."
)

// maxActions bounds the sections of a commands file.
const maxActions = 200

// commanded tells what a signed file of commands did: its sections, quoted with
// "> ", each with the lines of its result (dak process-command).
func commanded(l letter) ([]event.Event, error) {
	_, file, _ := strings.Cut(whole(l.Header, "Subject"), commandResults)
	if !commandsName.MatchString(file) {
		return nil, errors.New("it names no usable commands file: " + line(file))
	}
	c := Commanded{File: file, Actions: []Action{}}
	if to := l.Header.Address("To"); to.Email != "" {
		c.Uploader = event.Person{Name: line(to.Name), Email: line(to.Email)}
	}
	quoted := false
	var failure strings.Builder
	for text := range strings.Lines(l.text) {
		text = strings.TrimRight(text, blanks)
		section, isQuote := strings.CutPrefix(text, ">")
		if text == "" && failure.Len() == 0 {
			quoted = false
			continue
		}
		if isQuote && !quoted {
			if len(c.Actions) == maxActions {
				c.Truncated = true
				break
			}
			c.Actions = append(c.Actions, Action{Allow: []string{}, Deny: []string{}, Results: []string{}})
		}
		quoted = isQuote
		switch last := len(c.Actions) - 1; {
		case failure.Len() > 0:
			failure.WriteString(text + "\n")
		case text == commandError:
			failure.WriteString(text + "\n")
			if last >= 0 {
				c.Actions[last].Failed = true
			}
		case isQuote:
			c.Actions[last].read(strings.TrimSpace(section))
		case last >= 0 && len(c.Actions[last].Results) < maxActions:
			c.Actions[last].Results = append(c.Actions[last].Results, line(text))
		}
	}
	c.Error, _ = runes.Cut(strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(failure.String(), commandError+"\n"), "Details:\n")), maxLine*10)
	if len(c.Actions) == 0 && c.Error == "" {
		return nil, errors.New("it tells no result")
	}
	return []event.Event{l.event(commandKind, "command/"+file+"/"+l.id(), c)}, nil
}

// read takes a field of a section. A key is that of a Debian Maintainer.
func (a *Action) read(text string) {
	name, value, _ := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	switch strings.ToLower(name) {
	case "action":
		a.Action = line(value)
	case "fingerprint", "from":
		a.Key = line(value)
	case "to":
		a.NewKey = line(value)
	case "allow":
		a.Allow = unique(value)
	case "deny":
		a.Deny = unique(value)
	case "reason":
		a.Reason = line(value)
	}
}
