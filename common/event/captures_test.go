package event

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// notApplicable are inputs that only Python has: no JSON carries them.
var notApplicable = map[string]bool{
	"float and bool and null keys":                           true,
	"mixed keys":                                             true,
	"datetime 2014-08-24 12:00:00.75 naive, TZ UTC":          true,
	"date 2014-08-24, TZ UTC":                                true,
	"datetime 2014-08-24 12:00:00.75 naive, TZ Europe/Paris": true,
	"date 2014-08-24, TZ Europe/Paris":                       true,
	"struct_time, TZ Europe/Paris":                           true,
	"object with a __json__ method":                          true,
}

func allFrom(from, to rune) string {
	var b strings.Builder
	for r := from; r <= to; r++ {
		b.WriteRune(r)
	}
	return b.String()
}

// namedValues are the values that the names of the captured cases stand for.
var namedValues = map[string]any{
	"float 1/3": 1.0 / 3, "float float('nan')": math.NaN(), "float float('inf')": math.Inf(1), "float float('-inf')": math.Inf(-1),
	"int 0": 0, "int -1": int64(-1), "int 2**53+1": int64(1<<53 + 1),
	"int 2**63": Int("9223372036854775808"), "int 2**64": Int("18446744073709551616"),
	"int 10**30": Int("1" + strings.Repeat("0", 30)), "int -10**100": Int("-1" + strings.Repeat("0", 100)),
	"null": nil, "true": true, "empty list": []any{}, "empty string": "", "tuple": []any{1, 2},
	"string all ASCII 0x00-0x7f": allFrom(0, 0x7f), "string latin-1 0x80-0xff": allFrom(0x80, 0xff),
	"string astral":                           "\U0001f600\U00010000\U0010ffff",
	"string lone high surrogate":              "\xed\xa0\x80",
	"string surrogates in the wrong order":    "\xed\xb0\x80\xed\xa0\x80",
	"string two lone halves that make a pair": "\xed\xa0\xbd\xed\xb8\x80",
	"string slash":                            "a/b",
	"string quotes":                           "\"'`",
	"string backslash":                        `\`,
	"string html":                             "<>&",
	"string line separators":                  "\u2028\u2029\u0085",
	"string decomposed and composed":          "e\u0301 \u00e9",
	"object keys are sorted by code point": map[string]any{
		"b": 1, "B": 3, "": 4, "10": 5, "9": 6, "é": 7, "ﬁ": 8, "😀": 9, "a b": 10, "a": 11,
	},
	"bytes": []byte("x"), "object without one": struct{}{}, "decimal": big.NewRat(1, 2),
}

func namedValue(name string) (any, error) {
	if v, ok := namedValues[name]; ok {
		return v, nil
	}
	if digits, ok := strings.CutPrefix(name, "float "); ok {
		return strconv.ParseFloat(digits, 64)
	}
	return nil, errors.New("no value is known")
}

func TestFedmsgCanonical(t *testing.T) { eachSpoken(t, fedmsgCanonical) }

func fedmsgCanonical(t *testing.T, dir string) {
	var file struct {
		Cases []struct {
			Name, Raises string
			Canonical    []byte `json:"canonical_b64"`
		}
	}
	readJSON(t, filepath.Join(dir, "canonical-json.json"), &file)
	checked, left := 0, 0
	for _, c := range file.Cases {
		if notApplicable[c.Name] {
			left++
			continue
		}
		v, err := namedValue(c.Name)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		checked++
		got, err := Canonical(v)
		if (err != nil) != (c.Raises != "") || string(got) != string(c.Canonical) {
			t.Errorf("%s: %q (%v), want %q (%s)", c.Name, got, err, c.Canonical, c.Raises)
		}
	}
	if want := len(file.Cases) - left; checked != want || checked == 0 {
		t.Errorf("checked %d cases, want %d", checked, want)
	}
}

func TestFedmsgReserialize(t *testing.T) { eachSpoken(t, fedmsgReserialize) }

func fedmsgReserialize(t *testing.T, dir string) {
	var file struct {
		Cases []struct {
			Name, Raises string
			Wire         []byte `json:"wire_b64"`
			Canonical    []byte `json:"canonical_b64"`
		}
	}
	readJSON(t, filepath.Join(dir, "reserialize-json.json"), &file)
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range file.Cases {
		got, err := reencode(c.Wire)
		if (err != nil) != (c.Raises != "") || string(got) != string(c.Canonical) {
			t.Errorf("%s: %.99q (%v), want %.99q (%s)", c.Name, got, err, c.Canonical, c.Raises)
		}
	}
}

type capturedFrame struct {
	Name  string
	Input struct {
		Prefix      string `json:"topic_prefix"`
		Environment string
		Modname     string
		Topic       string
		Msg         []byte `json:"msg_canonical_b64"`
	}
	Envelope  json.RawMessage
	Frames    [][]byte `json:"frames_b64"`
	Signed    []byte   `json:"signed_bytes_b64"`
	SHA1      string   `json:"sha1_hex"`
	Signature string   `json:"signature_field"`
}

// build makes the message's tree again from what was published.
func (c capturedFrame) build(t *testing.T) (topic string, tree map[string]any) {
	t.Helper()
	members, err := Parse(c.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	e := View(members.(map[string]any))
	if e.Msg, err = Parse(c.Input.Msg); err != nil {
		t.Fatal(err)
	}
	// Two courtesies of fedmsg's publish to careless callers, which ours are not.
	if c.Input.Topic == "" {
		c.Input.Topic = "unspecified"
	}
	switch string(c.Input.Msg) {
	case "null", "[]", `""`, "0":
		e.Msg = map[string]any{}
	}
	topic = JoinTopic(c.Input.Prefix, c.Input.Environment, c.Input.Modname+"."+c.Input.Topic)
	e.Topic = topic
	return topic, e.Tree()
}

func TestFedmsgFrames(t *testing.T) { eachSpoken(t, fedmsgFrames) }

func fedmsgFrames(t *testing.T, dir string) {
	for _, name := range []string{"frames-unsigned.json", "frames-x509.json"} {
		var file struct {
			Cases       []capturedFrame
			Certificate string `json:"certificate_field"`
		}
		readJSON(t, filepath.Join(dir, name), &file)
		if len(file.Cases) == 0 {
			t.Fatal("no cases")
		}
		for _, c := range file.Cases {
			topic, tree := c.build(t)
			if c.Signature != "" {
				tree["crypto"] = "x509"
				signed, err := Canonical(tree)
				if sum := sha1.Sum(signed); err != nil || string(signed) != string(c.Signed) || hex.EncodeToString(sum[:]) != c.SHA1 {
					t.Errorf("%s %s: signed bytes %s (%v), want %s", name, c.Name, signed, err, c.Signed)
				}
				tree["signature"], tree["certificate"] = c.Signature, file.Certificate
			}
			body, err := Canonical(tree)
			if err != nil || topic != string(c.Frames[0]) || string(body) != string(c.Frames[1]) {
				t.Errorf("%s %s: %s %s (%v), want %s %s", name, c.Name, topic, body, err, c.Frames[0], c.Frames[1])
			}
		}
	}
}

// TestFedmsgRelay checks that what the relay wrote again is still the message.
func TestFedmsgRelay(t *testing.T) { eachSpoken(t, fedmsgRelay) }

func fedmsgRelay(t *testing.T, dir string) {
	var file struct {
		Cases []struct {
			Name, Relay string
			In          [][]byte `json:"frames_in"`
			Out         [][]byte `json:"relay_out"`
		}
	}
	readJSON(t, filepath.Join(dir, "relay.json"), &file)
	checked := 0
	for _, c := range file.Cases {
		if len(c.In) != 2 || len(c.Out) != 2 {
			continue
		}
		in, inView, inErr := ParseMessage(c.In[1])
		out, outView, err := ParseMessage(c.Out[1])
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if inErr != nil { // "not JSON" and "JSON list": the relay makes a message of it
			continue
		}
		checked++
		a, errA := Hash(in)
		b, errB := Hash(out)
		if a != b || errA != nil || errB != nil || inView.Topic != outView.Topic {
			t.Errorf("%s: %s (%v) became %s (%v)", c.Name, a, errA, b, errB)
		}
	}
	if checked < 8 {
		t.Errorf("only %d messages went through", checked)
	}
}
