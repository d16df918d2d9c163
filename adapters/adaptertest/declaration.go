package adaptertest

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// declaration checks the table of kinds: grammar of topics, no topic twice,
// sentences that cope with an empty body, and a documented name for every
// member of every body.
func (s suite[T]) declaration(t *testing.T) { s.declared(t) }

func (s suite[T]) declared(t reporter) {
	if s.tr.Name == "" {
		t.Errorf("the translator has no name")
	}
	if len(s.tr.Kinds) == 0 {
		t.Errorf("the translator declares no kinds")
	}
	if err := s.tr.Kinds.Check(); err != nil {
		t.Errorf("%v", err)
	}
	for _, k := range s.tr.Kinds {
		empty := reflect.Zero(k.Body).Interface()
		if k.Sentence(empty) == "" {
			t.Errorf("kind %s says nothing of an empty body", k.Topic)
		}
		k.Link(empty) // must not panic
		if k.Body.Kind() == reflect.Struct {
			documented(t, k.Topic, k.Body)
		}
	}
}

var memberName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// documented checks the members of a body. Types of other packages are theirs
// to document.
func documented(t reporter, topic string, body reflect.Type) {
	for i := range body.NumField() {
		f := body.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			documented(t, topic, f.Type)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !memberName.MatchString(name) {
			t.Errorf("kind %s: the field %s.%s has no JSON name like this_one: %q", topic, body.Name(), f.Name, name)
		}
		if f.Tag.Get("doc") == "" {
			t.Errorf("kind %s: the field %s.%s has no doc tag", topic, body.Name(), f.Name)
		}
		inner := f.Type
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner.PkgPath() == body.PkgPath() {
			documented(t, topic, inner)
		}
	}
}
