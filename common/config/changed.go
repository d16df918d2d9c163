package config

import (
	"reflect"
	"slices"
)

// Changed names the keys of two configurations (pointers to structs) that differ and are not among those that are taken up;
// of a table that may be there several times, the table.
func Changed(a, b any, but []string) []string {
	var names []string
	was, now := Keys(a), Keys(b)
	for i, k := range now {
		if !k.Many && !slices.Contains(but, k.Path) && !reflect.DeepEqual(was[i].value.Interface(), k.value.Interface()) {
			names = append(names, k.Path)
		}
	}
	va, vb := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range va.NumField() {
		f := va.Type().Field(i)
		if name := f.Tag.Get("toml"); f.IsExported() && isTables(f.Type) && !slices.Contains(but, name) && !reflect.DeepEqual(va.Field(i).Interface(), vb.Field(i).Interface()) {
			names = append(names, name)
		}
	}
	return names
}
