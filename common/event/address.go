package event

import (
	"reflect"
	"strings"

	"busbar/common/pattern"
)

var (
	behindName = pattern.New(`[ \t]*<(?:mailto:)?` + address + `>`)
	anywhere   = pattern.New(`(?:mailto:)?` + address)
)

// address is an e-mail address as it stands in texts (RFC 5322 §3.4.1, RFC 6532),
// with a domain of two names or more.
const address = `[^\s<>()\[\]@,;:"]+@(?:[\p{L}\p{N}_-]+\.)+[\p{L}\p{N}-]+`

// noAddress stands where an address stood.
const noAddress = "(address)"

// keepsAddresses are members that are no text: what looks like an address there is
// none, and the member would be another without it.
var keepsAddresses = map[string]bool{
	"message_id": true, "url": true, "link": true, "dsc": true, "repository": true, "ref": true, "branch": true, "tag": true,
	"id": true, "before": true, "after": true, "path": true, "changes_file": true,
}

// WithoutAddresses is e with the names of people, and no e-mail address: persons have
// none, and in texts "(address)" stands in its place. The key, and with it the id,
// stays.
func WithoutAddresses(e Event) Event {
	if e.Body == nil {
		return e
	}
	e.Body = without(reflect.ValueOf(e.Body)).Interface()
	return e
}

// without copies a value; the original is another's.
func without(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		out := reflect.New(v.Type()).Elem()
		out.SetString(withoutIn(v.String()))
		return out
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(without(v.Elem()))
		return out
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type()).Elem()
		out.Set(without(v.Elem()))
		return out
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(without(v.Index(i)))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			if it.Key().Kind() == reflect.String && keepsAddresses[it.Key().String()] {
				out.SetMapIndex(it.Key(), it.Value())
			} else {
				out.SetMapIndex(it.Key(), without(it.Value()))
			}
		}
		return out
	case reflect.Struct:
		return withoutStruct(v)
	}
	return v
}

func withoutStruct(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	if p, ok := v.Interface().(Person); ok {
		out.Set(reflect.ValueOf(Person{Name: withoutIn(p.Name)}))
		return out
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && !keepsAddresses[name] {
			out.Field(i).Set(without(v.Field(i)))
		}
	}
	return out
}

// withoutIn takes the addresses out of a text: "Iris <iris@example.org>" is "Iris".
func withoutIn(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	return anywhere.ReplaceAllString(behindName.ReplaceAllString(text, ""), noAddress)
}
