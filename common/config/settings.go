package config

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"busbar/common/secret"
)

// What From of a Setting may be, beside a file and a variable ($NAME).
const (
	FromDefault = "default"
	FromFlag    = "--set"
)

// A Setting is a key with the value that holds, and where that comes from.
type Setting struct {
	Key   string // "bus.prefix"; of the nth table of a name, from 0: "table.0.name"
	Value any    // a text, number, list or table, as JSON has it; secrets are hidden
	From  string // FromDefault, a file, a variable with its $, FromFlag
	Many  bool   // the key is of a table that may be there several times
}

// TOML is the value as a configuration file has it.
func (s Setting) TOML() string { return toTOML(reflect.ValueOf(s.Value)) }

// Settings loads config, a pointer to a struct that holds the defaults, as Load
// does, and says of every key where its value comes from; also where something is
// wrong with a source, as far as it was read. complete, which may be nil, fills in
// what follows from other keys.
func (s Source) Settings(config any, complete func() error) ([]Setting, []string, error) {
	from := map[string]string{}
	s.note = func(path, source string) { from[path] = source }
	files, err := s.Load(config)
	if err == nil && complete != nil {
		err = complete()
	}
	list := settings("", reflect.ValueOf(config).Elem(), func(path string) string {
		if source, ok := from[path]; ok {
			return source
		}
		return FromDefault
	})
	return list, files, err
}

func settings(prefix string, v reflect.Value, from func(string) string) (list []Setting) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			list = append(list, settings(prefix, v.Field(i), from)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		if name == "" || name == "-" {
			continue
		}
		path := strings.TrimPrefix(prefix+"."+name, ".")
		switch {
		case f.Type.Kind() == reflect.Struct && !isText(f.Type):
			list = append(list, settings(path, v.Field(i), from)...)
		case isTables(f.Type):
			for n := range v.Field(i).Len() {
				of := func(p string) string {
					// A file tells only that the key is in some table of this name.
					if source := from(p); source != FromDefault {
						return source
					}
					return from(strings.Replace(p, fmt.Sprintf("%s.%d.", path, n), path+".", 1))
				}
				for _, s := range settings(fmt.Sprintf("%s.%d", path, n), v.Field(i).Index(n), of) {
					s.Many = true
					list = append(list, s)
				}
			}
		default:
			list = append(list, Setting{Key: path, Value: visible(v.Field(i)), From: from(path)})
		}
	}
	return list
}

// visible is a value as JSON has it, without secrets.
func visible(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case string:
		return secret.Redact(x)
	case encoding.TextMarshaler: // a duration, a size
		b, err := x.MarshalText()
		if err == nil {
			return string(b)
		}
	case fmt.Stringer: // a secret, which hides itself
		return x.String()
	}
	if k := v.Kind(); (k == reflect.Slice || k == reflect.Map) && v.IsNil() {
		if k == reflect.Map {
			return reflect.MakeMap(v.Type()).Interface()
		}
		return reflect.MakeSlice(v.Type(), 0, 0).Interface()
	}
	return v.Interface()
}

// TOML is the key's default as a configuration file has it.
func (k Key) TOML() string { return toTOML(reflect.ValueOf(visible(k.value))) }

func toTOML(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Slice:
		var parts []string
		for i := range v.Len() {
			parts = append(parts, toTOML(v.Index(i)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		if v.Len() == 0 {
			return "{}"
		}
		values := map[string]string{}
		for _, k := range v.MapKeys() {
			values[quote(k.String())] = toTOML(v.MapIndex(k))
		}
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(values)) {
			parts = append(parts, k+" = "+values[k])
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case reflect.String:
		return quote(v.String())
	}
	return fmt.Sprint(v.Interface())
}

// quote is a basic string of TOML: what JSON escapes, TOML reads, too, but for DEL,
// which JSON leaves as it is.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return `""`
	}
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\x7f", `\u007f`)
}
