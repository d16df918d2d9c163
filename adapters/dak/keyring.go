package dak

import (
	"strings"

	"busbar/common/event"
	"busbar/common/pattern"
)

const (
	keyringChanges = "Debian Maintainers Keyring changes"
	keyringEnd     = "\nDebian distribution maintenance software"
)

func changesKeyring(l letter) bool { return l.subject == keyringChanges }

var (
	keyChange = pattern.New(`^(Added|Removed) key: ([0-9A-F]{16,64})$`)
	keyOwner  = pattern.New(`^\s+Uid: (.+)$`)
)

// keyringUpdated tells which keys came to the keyring of Debian Maintainers, and which
// left it: a line for each, and below it who has the key. Its key is that of a notice,
// which a mail that was cut is.
func keyringUpdated(l letter) ([]event.Event, error) {
	u := KeyringUpdated{Keyring: "debian-maintainers", Added: []OwnedKey{}, Removed: []OwnedKey{}}
	var last *OwnedKey
	for text := range strings.Lines(l.text) {
		text = strings.TrimRight(text, blanks)
		if m := keyChange.FindStringSubmatch(text); m != nil {
			list := &u.Added
			if m[1] == "Removed" {
				list = &u.Removed
			}
			if last = nil; len(*list) == maxList {
				u.Truncated = true
				continue
			}
			*list = append(*list, OwnedKey{Key: m[2]})
			last = &(*list)[len(*list)-1]
		} else if m := keyOwner.FindStringSubmatch(text); m != nil && last != nil && last.Owner.Email == "" && last.Owner.Name == "" {
			last.Owner = ownerOf(m[1])
		} else if text != "" {
			last = nil
		}
	}
	if len(u.Added)+len(u.Removed) == 0 || !strings.Contains(l.text+"\n", keyringEnd+"\n") {
		return noticed(l) // of permissions alone, cut, or in a form that is not known
	}
	return []event.Event{l.event(keyringKind, "notice/"+l.id(), u)}, nil
}

// ownerOf is the person of a user ID: Name (comment) <address>.
func ownerOf(uid string) event.Person {
	name, address, found := strings.Cut(uid, "<")
	if !found {
		return event.Person{Name: line(strings.TrimSpace(uid))}
	}
	address, _, _ = strings.Cut(address, ">")
	return event.Person{Name: line(strings.TrimSpace(name)), Email: line(strings.TrimSpace(address))}
}
