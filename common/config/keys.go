package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"busbar/common/secret"
)

// A Duration is a time span in a configuration file, such as "30s" or "720h".
type Duration time.Duration

// UnmarshalText reads Go's form of a duration.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("reading duration %q: want a number with a unit, such as 30s or 720h", b)
	}
	*d = Duration(v)
	return nil
}

// MarshalText is the form that UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// A Size is a number of bytes in a configuration file, such as "64MiB".
type Size int64

var sizeUnits = []struct {
	suffix string
	factor int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"B", 1}, {"", 1}}

// UnmarshalText reads a whole number with KiB, MiB, GiB, TiB, B or no unit.
func (s *Size) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	for _, u := range sizeUnits {
		number, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n < 0 || n > (1<<62)/u.factor {
			break
		}
		*s = Size(n * u.factor)
		return nil
	}
	return fmt.Errorf("reading size %q: want a whole number with KiB, MiB or GiB, such as 64MiB", text)
}

// MarshalText is a form that UnmarshalText reads.
func (s Size) MarshalText() ([]byte, error) {
	for i := 3; i >= 0; i-- {
		if u := sizeUnits[i]; s != 0 && int64(s)%u.factor == 0 {
			return []byte(strconv.FormatInt(int64(s)/u.factor, 10) + u.suffix), nil
		}
	}
	return []byte(strconv.FormatInt(int64(s), 10)), nil
}

// A Key is one configuration key, as its struct field declares it.
type Key struct {
	Path    string // "bus.prefix"
	Type    string // "text", "list of text", "number", "list of numbers", "yes or no", "duration", "size", "table"
	Default string
	Doc     string
	Many    bool // of a table that may be there several times, [[table]]: in files, and by --set table.0.key=…
	value   reflect.Value
}

// Env is the environment variable that overrides the key; "" if none can.
func (k Key) Env() string {
	if k.Many || k.Type == "table" {
		return ""
	}
	return k.variable()
}

// Keys lists the keys of a configuration struct (a pointer to it, holding the
// defaults), in order of declaration.
func Keys(config any) []Key { return keysOf("", reflect.ValueOf(config).Elem()) }

func keysOf(prefix string, v reflect.Value) []Key {
	var keys []Key
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			keys = append(keys, keysOf(prefix, v.Field(i))...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		if name == "" || name == "-" {
			continue
		}
		path := strings.TrimPrefix(prefix+"."+name, ".")
		if f.Type.Kind() == reflect.Struct && !isText(f.Type) {
			keys = append(keys, keysOf(path, v.Field(i))...)
			continue
		}
		if isTables(f.Type) {
			for _, k := range keysOf(path, reflect.New(f.Type.Elem()).Elem()) {
				k.Many = true
				keys = append(keys, k)
			}
			continue
		}
		keys = append(keys, Key{
			Path: path, Type: typeName(v.Field(i)), Default: text(v.Field(i)), Doc: f.Tag.Get("doc"), value: v.Field(i),
		})
	}
	return keys
}

// isText is true for a value that is written as text, whatever it is inside.
func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// isTables is true for a table that may be there several times.
func isTables(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

func typeName(v reflect.Value) string {
	switch v.Interface().(type) {
	case Duration:
		return "duration"
	case Size:
		return "size"
	case string, secret.Text, secret.URL:
		return "text"
	case []string:
		return "list of text"
	case bool:
		return "yes or no"
	case int, int64:
		return "number"
	case []int:
		return "list of numbers"
	}
	return "table"
}

func text(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case []string:
		return strings.Join(x, ",")
	case []int:
		return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(x)), ","), "[]")
	case Duration:
		return time.Duration(x).String()
	case Size:
		b, _ := x.MarshalText()
		return string(b)
	case map[string][]string:
		return ""
	}
	return fmt.Sprint(v.Interface())
}

// set gives the key a value written as text; lists are separated by commas.
func (k Key) set(s string) error {
	if k.Many {
		table, name, _ := strings.Cut(k.Path, ".")
		return fmt.Errorf("setting %s: say of which table, such as %s.0.%s for the first", k.Path, table, name)
	}
	switch p := k.value.Addr().Interface().(type) {
	case *string:
		*p = s
	case *[]string:
		*p = nil
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" {
				*p = append(*p, part)
			}
		}
	case *[]int:
		*p = nil
		for part := range strings.SplitSeq(s, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(part))
			if err != nil {
				return fmt.Errorf("setting %s: %q is not a number", k.Path, part)
			}
			*p = append(*p, n)
		}
	case *bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("setting %s: %q is neither true nor false", k.Path, s)
		}
		*p = b
	case *int:
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("setting %s: %q is not a number", k.Path, s)
		}
		*p = n
	case interface{ UnmarshalText([]byte) error }:
		if err := p.UnmarshalText([]byte(s)); err != nil {
			return fmt.Errorf("setting %s: %w", k.Path, err)
		}
	default:
		return fmt.Errorf("setting %s: a table can only be set in a file", k.Path)
	}
	return nil
}
