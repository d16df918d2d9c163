package main

import (
	"reflect"
	"strings"

	"busbar/common/event"
)

// schemas is one JSON Schema (draft 2020-12) for the body of each topic.
func schemas(catalog event.Catalog) map[string]any {
	all := map[string]any{}
	for _, k := range catalog {
		s := schema(k.Body)
		s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
		s["title"] = k.Topic
		s["description"] = meaning(k)
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
	for _, f := range fields(t) {
		s := schema(f.typ)
		if f.doc != "" {
			s["description"] = f.doc
		}
		properties[f.name] = s
		if !f.optional {
			required = append(required, f.name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

// A field is one member of a body.
type field struct {
	name, doc string
	typ       reflect.Type
	optional  bool
}

// fields lists a struct's members as JSON has them, those of embedded structs
// in their place.
func fields(t reflect.Type) []field {
	var list []field
	for f := range reflectFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			list = append(list, fields(f.Type)...)
		case name == "-" || !f.IsExported():
		default:
			if name == "" {
				name = f.Name
			}
			list = append(list, field{
				name: name, doc: f.Tag.Get("doc"), typ: f.Type,
				optional: strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero"),
			})
		}
	}
	return list
}

func reflectFields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// typeName is a member's type for people.
func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Slice, reflect.Array:
		return "list of " + typeName(t.Elem())
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
