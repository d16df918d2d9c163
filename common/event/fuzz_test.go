package event

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os/exec"
	"reflect"
	"testing"
	"unicode/utf8"

	"busbar/fixtures/cases"
)

func seeds(f *testing.F) {
	for _, c := range canonicalCases(f) {
		f.Add([]byte(c.JSON))
	}
	for _, c := range refuseCases(f) {
		f.Add(c.Wire)
	}
	wire, err := Canonical(fullEnvelope().Tree())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(wire)
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, wire []byte) {
		v, err := Parse(wire)
		if err != nil {
			if utf8.Valid(wire) && json.Valid(wire) && !tooBig(wire) {
				t.Fatalf("%q is JSON, and was refused: %v", wire, err)
			}
			return
		}
		if !json.Valid(wire) && !bytes.Contains(wire, []byte("NaN")) && !bytes.Contains(wire, []byte("Infinity")) {
			t.Fatalf("%q is not JSON, and was read", wire)
		}
		once, err := Canonical(v)
		if err != nil {
			t.Fatalf("%q was read and cannot be written: %v", wire, err)
		}
		again, err := reencode(once)
		if err != nil || !bytes.Equal(once, again) {
			t.Fatalf("%q becomes %q, then %q (%v)", wire, once, again, err)
		}
		for _, c := range once {
			if c < 0x20 || c >= 0x7f {
				t.Fatalf("%q becomes %q, which is not plain ASCII", wire, once)
			}
		}
	})
}

// tooBig says that Python's limits may be what stops it, which encoding/json
// has not.
func tooBig(wire []byte) bool {
	return len(wire) > maxDigits || bytes.Count(wire, []byte("["))+bytes.Count(wire, []byte("{")) > maxNesting
}

func FuzzParseMessage(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, wire []byte) {
		tree, e, err := ParseMessage(wire)
		if err != nil {
			return
		}
		hash, err := Hash(tree)
		if err != nil || e.Topic == "" || len(hash) != 64 {
			t.Fatalf("%q: topic %q, hash %q (%v)", wire, e.Topic, hash, err)
		}
		sent, err := Canonical(e.Tree())
		if err != nil {
			t.Fatal(err)
		}
		_, got, err := ParseMessage(sent)
		if err != nil {
			t.Fatalf("%q was sent on as %q: %v", wire, sent, err)
		}
		if b, err := Canonical(got.Tree()); err != nil || !bytes.Equal(b, sent) {
			t.Fatalf("%q was sent on as %q, then %q (%v)", wire, sent, b, err)
		}
		got.Msg, e.Msg = nil, nil // NaN is not equal to itself
		if !reflect.DeepEqual(got, e) {
			t.Fatalf("%q is seen as %+v, then as %+v", wire, e, got)
		}
	})
}

// randomValue is any value that has a canonical form.
func randomValue(r *rand.Rand, depth int) any {
	n := 9
	if depth > 4 {
		n = 7
	}
	switch r.IntN(n) {
	case 0:
		return math.Float64frombits(r.Uint64())
	case 1:
		return float64(r.IntN(1e6)) * math.Pow(10, float64(r.IntN(40)-20))
	case 2:
		return Int([]string{"0", "-1", "123456789012345678901234567890"}[r.IntN(3)])
	case 3:
		return r.Int64() - r.Int64()
	case 4:
		return []any{nil, true, false}[r.IntN(3)]
	case 5, 6:
		return randomString(r)
	case 7:
		list := make([]any, r.IntN(5))
		for i := range list {
			list[i] = randomValue(r, depth+1)
		}
		return list
	}
	object := map[string]any{}
	for range r.IntN(5) {
		object[randomString(r)] = randomValue(r, depth+1)
	}
	return object
}

func randomString(r *rand.Rand) string {
	var b []byte
	for range r.IntN(8) {
		c := rune(r.IntN([]int{0x80, 0x100, 0x10000, 0x110000}[r.IntN(4)]))
		if c >= 0xd800 && c < 0xe000 { // a lone half, in its three-byte form
			b = append(b, 0xed, 0x80|byte(c>>6&0x3f), 0x80|byte(c&0x3f), '.')
			continue
		}
		b = utf8.AppendRune(b, c)
	}
	return string(b)
}

// TestPythonAgrees has Python read and write random values, as fedmsg does.
func TestPythonAgrees(t *testing.T) {
	const script = `
import json, sys
for line in sys.stdin:
    print(json.dumps(json.loads(line), sort_keys=True, separators=(",", ":")))`
	if exec.Command("/usr/bin/python3", "-c", "").Run() != nil {
		t.Fatal("Python is not installed: make deps installs it")
	}
	r := rand.New(rand.NewPCG(1, 2))
	var ours bytes.Buffer
	for range cases.Of(2_000, 5_000) {
		line, err := Canonical(randomValue(r, 0))
		if err != nil {
			t.Fatal(err)
		}
		ours.Write(append(line, '\n'))
	}
	cmd := exec.Command("/usr/bin/python3", "-c", script)
	cmd.Stdin = bytes.NewReader(ours.Bytes())
	theirs, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	a, b := bytes.Split(ours.Bytes(), []byte("\n")), bytes.Split(theirs, []byte("\n"))
	if len(a) != len(b) {
		t.Fatalf("%d lines became %d", len(a), len(b))
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			t.Errorf("we write %s, Python %s", a[i], b[i])
		}
		if again, err := reencode(a[i]); i < len(a)-1 && (err != nil || !bytes.Equal(again, a[i])) {
			t.Errorf("%s is read back as %s (%v)", a[i], again, err)
		}
	}
}

func BenchmarkCanonical(b *testing.B) {
	tree := fullEnvelope().Tree()
	wire, err := Canonical(tree)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Canonical(tree); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	wire, err := Canonical(fullEnvelope().Tree())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(wire); err != nil {
			b.Fatal(err)
		}
	}
}
