package tables

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// maxSentence bounds what a template may write, in bytes.
const maxSentence = 2 << 10

// parseSentence checks a template before any row comes: its syntax, that it
// names columns that are published, and that it ends soon whatever a row holds.
func parseSentence(s Spec) (func(Row, string) string, error) {
	if s.Sentence == "" {
		return plain, nil
	}
	tpl, err := template.New("sentence").Option("missingkey=zero").Parse(s.Sentence)
	if err != nil {
		return nil, fmt.Errorf("the sentence is no template: %w", err)
	}
	if len(tpl.Templates()) > 1 {
		return nil, errors.New("the sentence defines templates; it may only fill in columns")
	}
	if tpl.Tree != nil {
		if err := s.allowed(reflect.ValueOf(tpl.Root)); err != nil {
			return nil, fmt.Errorf("the sentence %w", err)
		}
	}
	say := func(b Row) (string, error) {
		var w bounded
		err := tpl.Execute(&w, b.values())
		if errors.Is(err, errFull) {
			err = nil
		}
		text := strings.ToValidUTF8(string(w), "\uFFFD") // three bytes for one
		if len(text) > maxSentence {
			text = strings.ToValidUTF8(text[:maxSentence], "")
		}
		return text, err
	}
	sample := Row{Row: map[string]string{}}
	for _, name := range slices.Concat(s.Key, s.Watch) {
		sample.Row[name] = "x"
	}
	if _, err := say(sample); err != nil {
		return nil, fmt.Errorf("the sentence cannot be said of a row: %w", err)
	}
	return func(b Row, verb string) string {
		text, err := say(b)
		if err != nil || strings.TrimSpace(text) == "" {
			return plain(b, verb)
		}
		return text
	}, nil
}

// allowed walks a template's tree. Loops and calls of templates are refused,
// because they need not end; so is a column that no row brings.
func (s Spec) allowed(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Interface:
		return s.allowed(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if err := s.allowed(v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		switch n := v.Interface().(type) {
		case *parse.Tree:
			return nil
		case *parse.RangeNode, *parse.TemplateNode:
			return errors.New("holds a loop or calls a template; it may only fill in columns")
		case *parse.FieldNode:
			return s.column(n.Ident[0])
		case *parse.CommandNode:
			if err := ownFormat(n); err != nil {
				return err
			}
		}
		return s.allowed(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); !f.IsExported() {
				continue
			}
			if err := s.allowed(v.Field(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// ownFormat refuses a printf whose format comes from a row, where it could ask
// for megabytes.
func ownFormat(n *parse.CommandNode) error {
	if id, is := n.Args[0].(*parse.IdentifierNode); !is || id.Ident != "printf" {
		return nil
	}
	if len(n.Args) > 1 && n.Args[1].Type() == parse.NodeString {
		return nil
	}
	return errors.New("has a printf whose format is not written out")
}

// column refuses a column that is not published; without a list, all are.
func (s Spec) column(name string) error {
	known := slices.Concat(s.Key, s.Watch)
	if len(s.Watch) == 0 || slices.Contains(known, name) {
		return nil
	}
	return fmt.Errorf("names the column %q, which is not among those that are told: %s; add it to watch", name, strings.Join(known, ", "))
}

var errFull = errors.New("the sentence is long enough")

// bounded takes only so much.
type bounded []byte

func (b *bounded) Write(p []byte) (int, error) {
	if len(*b)+len(p) > maxSentence {
		*b = append(*b, p[:maxSentence-len(*b)]...)
		return 0, errFull
	}
	*b = append(*b, p...)
	return len(p), nil
}

// plain is the sentence of a table that has none of its own.
func plain(b Row, verb string) string {
	done := map[string]string{"create": "is new", "update": "changed", "delete": "is gone"}[verb]
	var key []string
	for _, k := range b.Key {
		key = append(key, k.Value)
	}
	s := strings.Join(key, " ") + " in " + b.Table + " " + done
	if verb == "update" && len(b.Changed) > 0 {
		s += ": " + strings.Join(b.Changed[:min(len(b.Changed), 5)], ", ")
	}
	return strings.TrimSpace(s)
}
