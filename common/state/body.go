package state

import (
	"strings"

	"busbar/common/event"
)

// What follows reads bodies, for projections: what is not of the wanted type is absent.

// Text is a member that is a text.
func Text(body map[string]any, name string) string { s, _ := body[name].(string); return s }

// Number is a member that is a whole number, as text; empty where it is none above 0.
func Number(body map[string]any, name string) string {
	n, _ := body[name].(event.Int)
	if n == "" || strings.Trim(string(n), "0123456789") != "" || n[0] == '0' {
		return ""
	}
	return string(n)
}

// List is a member that is a list, and whether it is one.
func List(body map[string]any, name string) ([]any, bool) { l, ok := body[name].([]any); return l, ok }

// Texts are the texts of a member that is a list.
func Texts(body map[string]any, name string) (list []string) {
	all, _ := List(body, name)
	for _, v := range all {
		if s, ok := v.(string); ok && s != "" {
			list = append(list, s)
		}
	}
	return list
}

// Person is a member that is a person: "name <email>".
func Person(body map[string]any, name string) string {
	p, _ := body[name].(map[string]any)
	return event.Person{Name: Text(p, "name"), Email: Text(p, "email")}.String()
}

// Take copies members that are there.
func Take(into, body map[string]any, names ...string) map[string]any {
	for _, name := range names {
		if v, ok := body[name]; ok {
			into[name] = v
		}
	}
	return into
}
