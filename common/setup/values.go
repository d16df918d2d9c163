package setup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"busbar/common/durable"
)

// A Value is one key of a configuration: its table, its name, and a text, a list of
// texts or a truth. A table in double brackets is one of several.
type Value struct {
	Table, Key string
	Value      any
}

// Values are a file's, those of one table together.
type Values []Value

// Text is the file, below a first line of comment.
func (v Values) Text(comment string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", comment)
	table := ""
	for _, one := range v {
		if one.Table != table {
			table = one.Table
			fmt.Fprintf(&b, "[%s]\n", table)
		}
		fmt.Fprintf(&b, "%s = %s\n", one.Key, literal(one.Value))
	}
	return b.String()
}

// literal writes a value as TOML does.
func literal(v any) string {
	switch v := v.(type) {
	case []string:
		var all []string
		for _, one := range v {
			all = append(all, text(one))
		}
		return "[" + strings.Join(all, ", ") + "]"
	case string:
		return text(v)
	}
	return fmt.Sprint(v)
}

// text is a basic string of TOML: what is no plain character is escaped.
func text(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Configuration writes a file that is a person's from then on. One that is there and
// has all the values, whatever else it says, is left alone; one that says something
// else is an error, or with replace kept beside the new one as NAME.old.
func (m *Machine) Configuration(file, comment string, v Values, replace bool) Step {
	at := m.Path(file)
	text := []byte(v.Text(comment))
	kept := false
	return Step{
		Say: "write " + file + ":\n" + indent(string(text)),
		Done: func() (bool, error) {
			if bad := v.unwritable(); bad != "" {
				return false, fmt.Errorf("%q is not UTF-8, which a configuration must be (rename it)", bad)
			}
			there, err := ReadValues(at)
			if errors.Is(err, fs.ErrNotExist) {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			if other := there.differ(v); len(other) > 0 && !replace {
				return false, fmt.Errorf("%s is there, and says something else: %s (edit it, or let --replace write it again and keep this one as %s.old)", file, strings.Join(other, "; "), filepath.Base(file))
			} else if len(other) > 0 {
				return false, nil
			}
			return true, nil
		},
		Do: func() error {
			if err := durable.MkdirAll(filepath.Dir(at), 0o755); err != nil {
				return err
			}
			if err := os.Rename(at, at+".old"); err == nil {
				kept = true
			} else if !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return m.put(at, text, 0o644, Owner{})
		},
		Undo: func() error {
			if err := remove(at, text); err != nil || !kept {
				return err
			}
			return os.Rename(at+".old", at)
		},
	}
}

// unwritable is a text that TOML cannot hold; "": there is none.
func (v Values) unwritable() string {
	for _, one := range v {
		list, _ := one.Value.([]string)
		if s, ok := one.Value.(string); ok {
			list = []string{s}
		}
		if i := slices.IndexFunc(list, func(s string) bool { return !utf8.ValidString(s) }); i >= 0 {
			return list[i]
		}
	}
	return ""
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ")
}

// There is what a file of configuration says.
type There map[string]any

// ReadValues reads a file of configuration, whatever keys it has.
func ReadValues(file string) (There, error) {
	t := There{}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if _, err := toml.Decode(string(text), &t); err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	return t, nil
}

// Get is the value of a key; nil: the file does not say.
func (t There) Get(table, key string) any {
	if name, several := strings.CutPrefix(table, "["); several {
		list, _ := t[strings.TrimSuffix(name, "]")].([]map[string]any)
		if len(list) == 0 {
			return nil
		}
		return list[0][key]
	}
	in, _ := t[table].(map[string]any)
	return in[key]
}

// Text is a key's text; "": none.
func (t There) Text(table, key string) string {
	s, _ := t.Get(table, key).(string)
	return s
}

// List is a key's list of texts.
func (t There) List(table, key string) []string {
	var all []string
	list, _ := t.Get(table, key).([]any)
	for _, one := range list {
		if s, ok := one.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// differ says which values are missing or others.
func (t There) differ(v Values) []string {
	var other []string
	for _, want := range v {
		got := t.Get(want.Table, want.Key)
		if list, ok := want.Value.([]string); ok {
			if slices.Equal(t.List(want.Table, want.Key), list) {
				continue
			}
		} else if reflect.DeepEqual(got, want.Value) {
			continue
		}
		name := "[" + want.Table + "] " + want.Key
		if got == nil {
			other = append(other, name+" is not set, and should be "+literal(want.Value))
		} else {
			other = append(other, fmt.Sprintf("%s is %s, and should be %s", name, shown(got), literal(want.Value)))
		}
	}
	return other
}

func shown(v any) string {
	if list, ok := v.([]any); ok {
		var all []string
		for _, one := range list {
			all = append(all, shown(one))
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	if s, ok := v.(string); ok {
		return strconv.Quote(s)
	}
	return fmt.Sprint(v)
}
