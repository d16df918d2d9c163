package adaptertest

import (
	"reflect"
	"strings"
	"unicode/utf8"

	"busbar/common/event"
	"busbar/common/translate"
)

// Bounds on what one item may become, in bytes of canonical JSON, events, and
// bytes of a sentence or reason.
const (
	maxBytes    = 2 << 20
	maxEvents   = 1000
	maxSentence = 8 << 10
	maxReason   = 8 << 10
	maxKey      = 8 << 10
)

// lineBreaks are the characters that end a line somewhere (Unicode UAX #14, BK,
// CR, LF, NL).
const lineBreaks = "\n\v\f\r\u0085\u2028\u2029"

// A reporter takes complaints; *testing.T is one.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// check holds every outcome to the contract, also those of damaged items.
func (s suite[T]) check(t reporter, o translate.Outcome) {
	t.Helper()
	said := 0
	for _, is := range []bool{len(o.Events) > 0, o.Skip != "", o.Poison != ""} {
		if is {
			said++
		}
	}
	if said != 1 {
		t.Errorf("the outcome is not one of events, skip and poison: %d events, skip %q, poison %q", len(o.Events), o.Skip, o.Poison)
	}
	if len(o.Events) > maxEvents {
		t.Errorf("one item became %d events", len(o.Events))
	}
	for _, reason := range []string{o.Skip, o.Poison} {
		if len(reason) > maxReason || !utf8.ValidString(reason) {
			t.Errorf("a reason of %d bytes is too long or no UTF-8: %.80q", len(reason), reason)
		}
	}
	size := 0
	seen := map[string]bool{}
	for _, e := range o.Events {
		size += s.checkEvent(t, e)
		if e.Kind != nil {
			if id := e.UUID().String(); seen[id] {
				t.Errorf("two events of one item have the id %s", id)
			} else {
				seen[id] = true
			}
		}
	}
	if size > maxBytes {
		t.Errorf("the events have %d bytes, more than %d", size, maxBytes)
	}
}

// checkWhy holds a translator that can say what it went by to doing so for
// each item that it claims.
func (s suite[T]) checkWhy(t reporter, o translate.Outcome, it translate.Item[T]) {
	t.Helper()
	if s.tr.Why == nil {
		return
	}
	why := s.tr.Why(it)
	if (why != "") != (o.Translator != "") {
		t.Errorf("the translator claims the item: %v; and says why: %q", o.Translator != "", why)
	}
	if len(why) > maxReason || !utf8.ValidString(why) {
		t.Errorf("why: %d bytes are too long or no UTF-8: %.80q", len(why), why)
	}
}

// checkEvent returns the size of the body.
func (s suite[T]) checkEvent(t reporter, e event.Event) int {
	t.Helper()
	if err := e.Validate(); err != nil {
		t.Errorf("%v", err)
		return 0
	}
	topic := e.Kind.Topic
	if !declared(s.tr.Kinds, e.Kind) {
		t.Errorf("%s: the kind is not among the translator's", topic)
	}
	if len(e.Key) > maxKey { // it is bytes, and need not be UTF-8
		t.Errorf("%s: the key of %d bytes is too long", topic, len(e.Key))
	}
	if y := e.Time.Year(); !e.Time.IsZero() && (y < 1 || y > 9999) {
		t.Errorf("%s: the year %d cannot be written", topic, y)
	}
	title := e.Kind.Sentence(e.Body)
	if title == "" || len(title) > maxSentence || strings.ContainsAny(title, lineBreaks) || !utf8.ValidString(title) {
		t.Errorf("%s: not a sentence: %.200q", topic, title)
	}
	if link := e.Kind.Link(e.Body); link != "" && !strings.HasPrefix(link, "https://") || strings.ContainsAny(link, " \r\n\"<>") {
		t.Errorf("%s: not a link: %.200q", topic, link)
	}
	if bad := badText(reflect.ValueOf(e.Body), topic); bad != "" {
		t.Errorf("%s is not valid UTF-8", bad)
	}
	b, err := event.CanonicalOf(e.Body)
	if err != nil {
		t.Errorf("%s: the body cannot be written: %v", topic, err)
	}
	if strings.Contains(string(b), "null") && nullList(reflect.ValueOf(e.Body)) {
		t.Errorf("%s: a list in the body is null, not empty", topic)
	}
	return len(b)
}

// badText names the first string that is not UTF-8. It looks at the value
// itself, because writing it as JSON would hide the fault.
func badText(v reflect.Value, at string) string {
	switch v.Kind() {
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return at
		}
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			return badText(v.Elem(), at)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if bad := badText(v.Field(i), at+"."+v.Type().Field(i).Name); bad != "" {
				return bad
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if bad := badText(v.Index(i), at+"[]"); bad != "" {
				return bad
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if bad := badText(it.Key(), at+" key") + badText(it.Value(), at+"[]"); bad != "" {
				return bad
			}
		}
	}
	return ""
}

// nullList reports whether a list that is always written is nil.
func nullList(v reflect.Value) bool {
	if v.Kind() != reflect.Struct {
		return false
	}
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() == reflect.Slice && f.IsNil() && !strings.Contains(v.Type().Field(i).Tag.Get("json"), "omit") {
			return true
		}
		if nullList(f) {
			return true
		}
	}
	return false
}
