package control

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/keyword"
	"busbar/bus/notify/self"
	"busbar/common/runes"
	"busbar/common/show"
)

// commandNames are the first words of commands.
var commandNames = map[string]bool{
	"subscribe": true, "unsubscribe": true, "unsubscribeall": true, "which": true, "who": true, "keyword": true, "keywords": true, "tag": true, "tags": true,
	"keywordall": true, "confirm": true, "help": true, "quit": true, "thanks": true, "thank": true, "stop": true, "--": true,
}

// A change is a command that is done once it is confirmed.
type change struct {
	name     string // subscribe, unsubscribe, unsubscribeall, keyword, keywordall
	pkg      string
	op       string // of keywords: + - =
	keywords []string
}

func (c change) String() string {
	parts := []string{c.name}
	if c.pkg != "" {
		parts = append(parts, c.pkg)
	}
	if c.op != "" {
		parts = append(parts, c.op, strings.Join(c.keywords, " "))
	}
	return strings.Join(parts, " ")
}

// line does what a line says, or says why not. Its error is one of ours.
func (r *run) line(text string) error {
	text, cut := runes.Cut(show.OneLine(text), maxLine)
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil
	}
	name := strings.ToLower(words[0])
	if cut || !commandNames[name] {
		r.errors++
		r.say("> %s\nThis is no command. (help lists them.)\n\n", text)
		return nil
	}
	r.commands++
	if name != "confirm" { // a code is nobody's business but its own address's
		r.say("> %s\n", text)
	}
	switch name {
	case "quit", "thanks", "thank", "stop", "--":
		r.over = true
		r.say("Stopping here.\n")
		return nil
	case "help":
		r.say("%s\n", help)
		return nil
	case "who":
		r.say("Who subscribes to a package is not told.\n\n")
		return nil
	case "confirm":
		return r.confirm(words[1:])
	}
	c, address, err := parse(name, words[1:])
	if err == nil && address == "" {
		address = r.from
	}
	if err == nil && address != r.from && (c.name == "which" || c.name == "keyword" && c.op == "") {
		err = self.Refusal("this is told to " + address + " alone: mail it from there")
	}
	if err == nil && address != r.from && r.answers[address] == nil && len(r.answers) > maxOthers {
		err = self.Refusal(fmt.Sprintf("one mail can concern %d other addresses at most", maxOthers))
	}
	if refused, ok := errors.AsType[self.Refusal](err); ok {
		r.errors++
		r.say("%s\n\n", refused)
		return nil
	}
	switch {
	case c.name == "which":
		return r.which()
	case c.op == "" && strings.HasPrefix(c.name, "keyword"):
		return r.keywords(c.pkg)
	}
	if a := r.to(address); !slices.Contains(a.changes, c.String()) {
		a.changes = append(a.changes, c.String())
	}
	r.say("This is to be confirmed by mail from %s.\n\n", address)
	return nil
}

var operators = []string{"+", "-", "="}

// parse reads what stands behind a command's name. address is whom it concerns, if the
// command says so. An error is a [self.Refusal].
func parse(name string, words []string) (c change, address string, err error) {
	c.name = name
	if name == "keywords" || name == "tag" || name == "tags" {
		c.name = "keyword"
	}
	if at := slices.IndexFunc(words, func(w string) bool { return slices.Contains(operators, w) }); at >= 0 && strings.HasPrefix(c.name, "keyword") {
		c.op, c.keywords, words = words[at], regexp.MustCompile(`[,\s]+`).Split(strings.ToLower(strings.Join(words[at+1:], " ")), -1), words[:at]
		for _, w := range c.keywords {
			if !keyword.Known(w) {
				return c, "", self.Refusal(fmt.Sprintf("%q is no keyword (they are %s)", w, strings.Join(keyword.All(), ", ")))
			}
		}
	}
	if len(words) > 0 && (strings.Contains(words[len(words)-1], "@")) {
		if address, err = self.Address(words[len(words)-1]); err != nil {
			return c, "", err
		}
		words = words[:len(words)-1]
	}
	needs, may := false, false
	switch c.name {
	case "subscribe", "unsubscribe":
		needs = true
	case "keyword":
		may = true
	}
	switch {
	case len(words) > 1, len(words) == 1 && !needs && !may:
		return c, "", self.Refusal("this says too much (help shows how it is written)")
	case len(words) == 0 && needs:
		return c, "", self.Refusal("which package? (" + c.name + " PACKAGE)")
	case c.name == "keywordall" && c.op == "":
		return c, "", self.Refusal("which keywords? (keywordall = bts build)")
	case len(words) == 1:
		c.pkg, err = self.Package(words[0])
	}
	return c, address, err
}

// which lists the sender's subscriptions.
func (r *run) which() error {
	list, err := r.t.Subscriptions(r.from)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		r.say("%s subscribes to nothing.\n\n", r.from)
		return nil
	}
	r.say("%s subscribes to:\n", r.from)
	for _, s := range list {
		own := ""
		if s.Own {
			own = " (" + strings.Join(s.Keywords, " ") + ")"
		}
		r.say("* %s%s\n", s.Package, own)
	}
	r.say("\n")
	return nil
}

// keywords tells those of a subscription, or the usual ones.
func (r *run) keywords(pkg string) error {
	list, err := r.t.Keywords(r.from, pkg)
	if err != nil {
		return err
	}
	what := "subscriptions without keywords of their own"
	if pkg != "" {
		what = pkg
	}
	switch {
	case list == nil && pkg == "":
		list = keyword.Usual()
	case list == nil:
		r.say("%s does not subscribe to %s.\n\n", r.from, pkg)
		return nil
	}
	r.say("Keywords of %s:\n* %s\n\n", what, strings.Join(list, "\n* "))
	return nil
}

// confirm does what a code is for. The result goes to the address to which the code was
// mailed, whoever sent it back.
func (r *run) confirm(words []string) error {
	if len(words) != 1 {
		r.errors++
		r.say("> confirm\nWhich code? (CONFIRM CODE)\n\n")
		return nil
	}
	person, text, ok, err := r.t.Use(self.Confirm, words[0])
	if err != nil {
		return err
	}
	if !ok {
		r.errors++
		r.say("> confirm …\nThis code is not one of ours, was used, or is older than a day.\n\n")
		return nil
	}
	say := func(format string, args ...any) { show.Fprintf(&r.to(person).text, format, args...) }
	if err := r.t.Admit(person); err != nil {
		if refused, ok := errors.AsType[self.Refusal](err); ok {
			say("%s\n\n", refused)
			return nil
		}
		return err
	}
	for line := range strings.SplitSeq(text, "\n") {
		words := strings.Fields(line)
		c, _, err := parse(words[0], words[1:])
		if err != nil {
			return err // it was read before
		}
		said, err := r.apply(person, c)
		if refused, ok := errors.AsType[self.Refusal](err); ok {
			said, err = refused.Error(), nil
		}
		if err != nil {
			return err
		}
		say("> %s\n%s\n\n", line, said)
	}
	return nil
}

// apply does a change, and says what it did.
func (r *run) apply(person string, c change) (string, error) {
	switch c.name {
	case "subscribe":
		made, err := r.t.Subscribe(person, c.pkg)
		if !made {
			return person + " subscribes to " + c.pkg + " already.", err
		}
		return person + " is subscribed to " + c.pkg + ".", err
	case "unsubscribe":
		ended, err := r.t.Unsubscribe(person, c.pkg)
		if err == nil && !ended {
			if said, err := r.endRule(person, c.pkg); said != "" || err != nil {
				return said, err
			}
		}
		if !ended {
			return person + " did not subscribe to " + c.pkg + ".", err
		}
		return person + " is unsubscribed from " + c.pkg + ".", err
	case "unsubscribeall":
		list, err := r.t.Subscriptions(person)
		for _, s := range list {
			if err == nil {
				_, err = r.t.Unsubscribe(person, s.Package)
			}
		}
		return fmt.Sprintf("All %d subscriptions of %s are ended.", len(list), person), err
	case "keywordall":
		list, err := r.t.Subscriptions(person)
		for _, s := range list {
			if err == nil {
				_, err = r.setKeywords(person, change{name: "keyword", pkg: s.Package, op: c.op, keywords: c.keywords})
			}
		}
		if err != nil {
			return "", err
		}
	}
	return r.setKeywords(person, c)
}

// endRule switches off the rule that List-Unsubscribe of a mail names so.
func (r *run) endRule(person, slug string) (said string, err error) {
	rules, err := r.t.Rules(person)
	for _, k := range rules {
		if dest.Slug(k.Form.Name) == slug && err == nil {
			k.Form.Off = true
			_, err = r.t.PutRule(person, k)
			said = "The rule " + show.Line(k.Form.Name) + " of " + person + " is off."
		}
	}
	return said, err
}

func (r *run) setKeywords(person string, c change) (string, error) {
	list, err := r.t.Keywords(person, c.pkg)
	if err != nil {
		return "", err
	}
	if list == nil {
		return person + " does not subscribe to " + c.pkg + ".", nil
	}
	switch c.op {
	case "=":
		list = c.keywords
	case "+":
		list = append(list, c.keywords...)
	case "-":
		list = slices.DeleteFunc(list, func(w string) bool { return slices.Contains(c.keywords, w) })
	}
	if err := r.t.SetKeywords(person, c.pkg, list); err != nil {
		return "", err
	}
	if list, err = r.t.Keywords(person, c.pkg); err != nil {
		return "", err
	}
	return "Its keywords are now: " + strings.Join(list, " "), nil
}
