package compare

import (
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"busbar/common/dbrow"
	"busbar/common/runes"
	"busbar/dbpoll/database"
)

func columns(pairs ...string) dbrow.Columns {
	c := dbrow.Columns{}
	for i := 0; i < len(pairs); i += 2 {
		c[pairs[i]] = &pairs[i+1]
	}
	return c
}

var packages = database.Table{Name: "packages", Key: []string{"suite", "package"}, Watch: []string{"state", "notes"}}

func TestValue(t *testing.T) {
	// 'é' is two bytes, and one of them would be left by a blunt cut.
	long := strings.Repeat("a", maxKept-1) + "é and more"
	row := columns("suite", "sid", "package", "hello", "state", "Built", "notes", long)
	stored := encode(packages, row, nil, 7, 3, "0001.x1")
	digest, revision, err := head(stored)
	if err != nil || digest != 7 || revision != 3 || isTombstone(stored) {
		t.Fatalf("head: %d, %d, %v, tombstone %v", digest, revision, err, isTombstone(stored))
	}
	v, err := decode(stored)
	if err != nil || v.Mark != "0001.x1" {
		t.Fatalf("mark %q, %v", v.Mark, err)
	}
	key := []string{"sid", "hello"}
	got := v.columns(packages, key)
	want := map[string]string{"suite": "sid", "package": "hello", "state": "Built", "notes": strings.Repeat("a", maxKept-1) + "…"}
	for name, text := range want {
		if got[name] == nil || *got[name] != text {
			t.Errorf("%s is %v; want %q", name, got[name], text)
		}
	}
	if got := v.before(packages, key, row)["notes"]; *got != long {
		t.Error("a long text that did not change is not whole")
	}
	if got := v.before(packages, key, columns("notes", long+"!"))["notes"]; *got != want["notes"] {
		t.Errorf("of a long text that changed: %q", *got)
	}
}

// TestColumns: what is written by hand is what encoding/json writes.
func TestColumns(t *testing.T) {
	table := database.Table{Watch: []string{"z", "a \"name\"", "m", "nothing", "empty"}}
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		row, want := dbrow.Columns{"nothing": nil, "unwatched": nil}, value{Columns: dbrow.Columns{"nothing": nil}}
		for _, name := range []string{"z", "a \"name\"", "m", "empty"} {
			var text strings.Builder
			for range rng.IntN(40) {
				if name != "empty" {
					text.WriteString([]string{"plain", "<&>", "\"\\", "\x00\x1f\x7f", "é\u2028", "\xff", "😀"}[rng.IntN(7)])
				}
			}
			s := text.String()
			short, cut := runes.Cut(s, maxKept)
			if row[name], want.Columns[name] = &s, &short; cut {
				if want.Long == nil {
					want.Long = map[string]string{}
				}
				want.Long[name] = hash(s)
			}
		}
		if seed%2 == 0 {
			want.Mark, want.Bytes = "m<", map[string]string{"m": "00"}
		}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if got := encode(table, row, want.Bytes, 1, 2, want.Mark)[headLength:]; string(got) != string(text) {
			t.Fatalf("seed %d:\n%s\nwant\n%s", seed, got, text)
		}
	}
}

func TestTombstone(t *testing.T) {
	stored := encode(packages, nil, nil, 0, 9, "0001.x2")
	if !isTombstone(stored) {
		t.Error("a row that is gone is taken for one that is there")
	}
	if _, revision, err := head(stored); err != nil || revision != 9 {
		t.Errorf("revision %d, %v", revision, err)
	}
	if v, err := decode(stored); err != nil || v.Mark != "0001.x2" {
		t.Errorf("mark %q, %v", v.Mark, err)
	}
}

func TestNull(t *testing.T) {
	v, err := decode(encode(packages, dbrow.Columns{"state": nil}, nil, 1, 0, ""))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := v.columns(packages, []string{"sid", "x"})["state"]; got != nil || !ok {
		t.Errorf("NULL became %v", got)
	}
}

// FuzzKey: every key is given back as it was, and no two are one.
func FuzzKey(f *testing.F) {
	for _, s := range [][2]string{{"sid", "hello"}, {"", ""}, {"%", "%25"}, {"a/b", "%2F"}, {"\x00", "%00"}, {"a", "\xff"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, key := range [][]string{{a}, {a, b}, {b, a, ""}} {
			if got := splitKey(joinKey(key)); !slices.Equal(got, key) {
				t.Errorf("%q became %q by %q", key, got, joinKey(key))
			}
		}
		if a+b != "" && joinKey([]string{a, b}) == joinKey([]string{a + b}) {
			t.Errorf("%q and %q look like one", a, b)
		}
	})
}

// FuzzDecode: a damaged journal is an error, and what is read can be written.
func FuzzDecode(f *testing.F) {
	f.Add(encode(packages, columns("state", "Built", "notes", strings.Repeat("x", 300)), nil, 1, 2, "m"))
	f.Add(encode(packages, nil, nil, 0, 0, ""))
	f.Add(make([]byte, headLength))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := decode(b)
		if _, _, bad := head(b); bad != nil && err == nil {
			t.Error("a value without its head was read")
		}
		if err != nil {
			return
		}
		row := v.columns(packages, []string{"sid", "hello"})
		digest, revision, _ := head(b)
		again := encode(packages, row, v.Bytes, digest, revision, v.Mark)
		if binary.BigEndian.Uint64(again) != digest {
			t.Error("the digest changed")
		}
		if _, err := decode(again); err != nil {
			t.Errorf("what was read cannot be read again: %v", err)
		}
		v.before(packages, []string{"sid"}, row)
	})
}
