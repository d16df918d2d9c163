package dbrow

import (
	"encoding/json"
	"testing"
)

// FuzzColumns: whatever text is read as a row is written and read again as the
// same row, NULL and empty texts apart.
func FuzzColumns(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":"","c":null,"d":true}`, `null`, `{"a":[1]}`, `{"a":{}}`, `7`, `{"n":12345678901234567890.10}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var first, second Columns
		if json.Unmarshal([]byte(text), &first) != nil {
			return
		}
		again, err := json.Marshal(first)
		if err == nil {
			err = json.Unmarshal(again, &second)
		}
		if err != nil || len(first) != len(second) || (first == nil) != (second == nil) {
			t.Fatalf("%q became %q (%v)", text, again, err)
		}
		for name, v := range first {
			if !Same(v, second[name]) {
				t.Errorf("%q in %q became another value", name, text)
			}
		}
	})
}

func TestColumns(t *testing.T) {
	var c Columns
	if err := json.Unmarshal([]byte(`{"a":1.50,"b":"é","c":null,"d":true}`), &c); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "1.50", "b": "é", "c": "", "d": "true", "e": ""} {
		if got := c.Text(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if v, there := c["c"]; v != nil || !there || c.Size() != len("1.50étrue") {
		t.Errorf("the row is %v of %d bytes", c, c.Size())
	}
	for _, bad := range []string{`7`, `{"a":[1]}`, `{"a":{"b":1}}`} {
		if json.Unmarshal([]byte(bad), &c) == nil {
			t.Errorf("%s is read as a row", bad)
		}
	}
}
