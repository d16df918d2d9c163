package debbugs

import "testing"

// FuzzParseChange: whatever is read back is a change, or an error that says why not.
func FuzzParseChange(f *testing.F) {
	for _, text := range []string{`{"bug": 7, "after": {"bug": 7}}`, `{"user": "qa@example.org", "tag": "a", "added": [7]}`, `{"x": 1}`, `{"bug": "7"}`, `[]`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseChange([]byte(text))
		switch v.(type) {
		case Change, UsertagChange:
			if err != nil {
				t.Errorf("%q is %+v and %v", text, v, err)
			}
		default:
			if v != nil || err == nil {
				t.Errorf("%q is %+v, and no error", text, v)
			}
		}
	})
}
