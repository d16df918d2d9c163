package event

import (
	"bytes"
	"strings"
	"testing"
)

// values counts what Parse made.
func values(v any) int {
	n := 1
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			n += values(x)
		}
	case map[string]any:
		for _, x := range v {
			n += values(x)
		}
	}
	return n
}

func TestMaxElements(t *testing.T) {
	list := func(n int) string { return `{"topic":"a.b.c","msg":[` + strings.Repeat("0,", n) + "0]}" }
	if _, _, err := ParseMessage([]byte(list(MaxElements - 100))); err != nil {
		t.Error(err)
	}
	for name, body := range map[string]string{
		"a list": list(MaxElements), "objects": `{"topic":"a","msg":[` + strings.Repeat(`{"":0},`, MaxElements/3) + "0]}",
	} {
		if _, _, err := ParseMessage([]byte(body)); err == nil || !strings.Contains(err.Error(), "more than 131072 values") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What stands in texts is no structure.
	if _, _, err := ParseMessage([]byte(`{"topic":"a","msg":"` + strings.Repeat(`{[,:\"`, MaxElements) + `"}`)); err != nil {
		t.Error(err)
	}
}

// TestWhatMayBeMadeMayBeRead: a body that CheckSize lets pass can be read in a
// message with everything beside it.
func TestWhatMayBeMadeMayBeRead(t *testing.T) {
	small := map[string]any{"a": nil, "b": []any{}, "c": "x"}
	for _, n := range []int{1, 1000, MaxElements / 8, MaxElements / 4, MaxElements} {
		body := []any{}
		for range n {
			body = append(body, small)
		}
		e := fullEnvelope()
		e.Msg = body
		refused := CheckSize(body)
		raw, err := Canonical(e.Tree())
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := ParseMessage(raw); err != nil && refused == nil {
			t.Errorf("%d objects may be made and not read: %v", n, err)
		}
		if n == MaxElements && refused == nil {
			t.Error("too many values may be made")
		}
	}
}

// FuzzMeasure: no text makes more values than were counted, and canonical bytes
// are the same in one piece and in several.
func FuzzMeasure(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"\",[{"}],"c":NaN}`))
	f.Add([]byte(`[[[[],{}],"\\"],"\u007f é 😀"]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := Parse(text)
		if err != nil {
			return
		}
		counted := elements(text, len(text)+1)
		if n := values(v); n > counted {
			t.Fatalf("%q makes %d values, counted are %d", text, n, counted)
		}
		whole, err := Canonical([]any{v, strings.Repeat("é", piece), v})
		if err != nil {
			t.Fatal(err)
		}
		var pieces bytes.Buffer
		if err := WriteCanonical(&pieces, []any{v, strings.Repeat("é", piece), v}); err != nil || pieces.String() != string(whole) {
			t.Errorf("in pieces (%v): %q", err, pieces.String())
		}
	})
}
