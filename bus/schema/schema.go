// Package schema describes the bodies of events: as JSON Schema, and for people.
package schema

import (
	"cmp"
	"reflect"
	"strings"

	"busbar/bus/kinds"
	"busbar/common/event"
)

// All is one JSON Schema (draft 2020-12) for the body of each topic.
func All(catalog event.Catalog) map[string]any {
	all := map[string]any{}
	for _, k := range catalog {
		s := schema(k.Body)
		s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
		s["title"] = k.Topic
		s["description"] = kinds.Meaning(k)
		all[k.Topic] = s
	}
	return all
}

func schema(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return schema(t.Elem())
	case reflect.Struct:
		return structSchema(t)
	case reflect.Slice, reflect.Array:
		return map[string]any{"type": "array", "items": schema(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schema(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.String:
		return map[string]any{"type": "string"}
	}
	return map[string]any{} // an interface: any value
}

func structSchema(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, m := range Members(t) {
		s := schema(m.Type)
		if m.Doc != "" {
			s["description"] = m.Doc
		}
		properties[m.Name] = s
		if !m.Optional {
			required = append(required, m.Name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

// A Member is one member of a body.
type Member struct {
	Name, Doc string
	Type      reflect.Type
	Optional  bool // left out when unknown
}

// Members lists a struct's members as JSON has them, those of embedded structs
// in their place. What is no struct has no members of its own.
func Members(t reflect.Type) []Member {
	var list []Member
	if t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			list = append(list, Members(f.Type)...)
		case name == "-" || !f.IsExported():
		default:
			list = append(list, Member{
				Name: cmp.Or(name, f.Name), Doc: f.Tag.Get("doc"), Type: f.Type,
				Optional: strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero"),
			})
		}
	}
	return list
}

// TypeName is a member's type for people.
func TypeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return TypeName(t.Elem())
	case reflect.Slice, reflect.Array:
		return "list of " + TypeName(t.Elem())
	case reflect.Map, reflect.Struct:
		if t == reflect.TypeFor[event.Person]() {
			return "person"
		}
		return "object"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "integer"
	case reflect.String:
		return "text"
	}
	return "any"
}
