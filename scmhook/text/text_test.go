package text

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func TestString(t *testing.T) {
	for raw, want := range map[string]string{
		`"refs/heads/é"`:                "refs/heads/é",
		`"a\u00e9\n\t\"\\\/\b\f\r"`:     "aé\n\t\"\\/\b\f\r",
		"\"caf\xe9\"":                   "caf\xe9",
		`"\ud83d\ude00"`:                "😀",
		`"\ud83d"`:                      "\xed\xa0\xbd",
		`"\udce9\ud83dx"`:               "\xed\xb3\xa9\xed\xa0\xbdx",
		`"\u0000"`:                      "\x00",
		"\"\xed\xb3\xa9\"":              "\xed\xb3\xa9",
		`null`:                          "",
		`"\uFFFD"`:                      "\ufffd",
		"\"\\ud83d\xff\\ude00\\uD83D\"": "\xed\xa0\xbd\xff\xed\xb8\x80\xed\xa0\xbd",
	} {
		var got struct{ S String }
		if err := json.Unmarshal([]byte(`{"S":`+raw+`}`), &got); err != nil || string(got.S) != want {
			t.Errorf("%s is read as %q, %v; want %q", raw, got.S, err, want)
		}
	}
	for _, raw := range []string{`7`, `{}`, `[]`, `true`} {
		var s String
		if err := json.Unmarshal([]byte(raw), &s); err == nil {
			t.Errorf("%s is a string", raw)
		}
	}
}

// FuzzString compares with encoding/json, where that loses nothing.
func FuzzString(f *testing.F) {
	f.Add([]byte(`"a\u00e9\ud83d\ude00\n"`))
	f.Add([]byte("\"\xff\\ud800\""))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var want string
		var got String
		if err := json.Unmarshal(raw, &want); err != nil {
			return
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		if utf8.ValidString(string(got)) && string(got) != want {
			t.Errorf("%q is read as %q, want %q", raw, got, want)
		}
	})
}
