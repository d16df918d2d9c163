package subscriptions

import (
	"fmt"
	"slices"
	"strings"
)

// A Wish is what is asked of a list.
type Wish struct {
	List    string // the list's address, lower case
	Address string // whose subscription it is
	Leave   bool   // to leave it, not to join
}

// A Mail is one to a list manager.
type Mail struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
}

// A manager is a program that keeps lists.
type manager struct {
	name string
	ask  func(Wish) Mail
	// find recognises a confirmation that it sends; nil: it is none.
	find func(*letter) *Confirmation
	// quotes says that its confirmations show the request that they answer, with its
	// Message-ID, which nobody else knows.
	quotes bool
	// human says that it reads no mail that says to be a program's.
	human bool
}

func managers() []manager {
	return []manager{
		{name: "smartlist", ask: askSmartList, find: findSmartList, quotes: true},
		{name: "mailman", ask: askMailman, find: findMailman},
		{name: "ezmlm", ask: askEzmlm, find: findEzmlm, quotes: true},
		{name: "sympa", ask: askSympa, find: findSympa, human: true},
	}
}

// Names are those of the list managers that are known.
func Names() (names []string) {
	for _, m := range managers() {
		names = append(names, m.name)
	}
	return names
}

func managerOf(name string) (manager, error) {
	all := managers()
	if i := slices.IndexFunc(all, func(m manager) bool { return m.name == name }); i >= 0 {
		return all[i], nil
	}
	return manager{}, fmt.Errorf("the list manager %q is none of %s", name, strings.Join(Names(), ", "))
}

// Guess is the list manager of a list, as far as its address tells; empty: it does not.
func Guess(list string) string {
	if _, domain := parts(strings.ToLower(list)); domain == "lists.debian.org" {
		return "smartlist"
	}
	return ""
}

// command is the address of a list for one of its commands.
func command(list, suffix string) string {
	local, domain := parts(list)
	return local + suffix + "@" + domain
}
