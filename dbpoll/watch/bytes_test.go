package watch

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"busbar/fixtures/cases"
)

// TestKeysByBytes: of rows whose keys differ in bytes only, each has an event of
// its own, in one poll: made of random bytes, and of what types take for alike.
func TestKeysByBytes(t *testing.T) {
	t.Parallel()
	loose := postgres(t, "SQL_ASCII", "TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
	postgresText := func(encoding string) func(string) string {
		return func(hex string) string { return "convert_from('\\x" + hex + "'::bytea, '" + encoding + "')" }
	}
	for _, pl := range append(places(t), loose) {
		for _, ty := range map[string][]struct {
			name    string
			literal func(hex string) string
			text    bool // may hold no NUL
			valid   bool // must be UTF-8
		}{
			"SQL_ASCII":  {{"text", postgresText("SQL_ASCII"), true, false}},
			"PostgreSQL": {{"bytea", func(hex string) string { return `'\x` + hex + "'" }, false, false}, {"citext", postgresText("UTF8"), true, true}},
			"MariaDB": {{"varbinary(200)", func(hex string) string { return "x'" + hex + "'" }, false, false},
				{"varchar(200)", func(hex string) string { return "CONVERT(x'" + hex + "' USING utf8mb4)" }, false, true}},
			"SQLite": {{"blob", func(hex string) string { return "x'" + hex + "'" }, false, false},
				{"text", func(hex string) string { return "cast(x'" + hex + "' as text)" }, false, false}},
		}[pl.name] {
			t.Run(pl.name+" "+ty.name, func(t *testing.T) {
				if ty.name == "citext" {
					pl.exec(t, "CREATE EXTENSION citext")
				}
				table := "keys" + strings.Trim(strings.NewReplacer("(", "", ")", "").Replace(ty.name), "0123456789")
				pl.exec(t, "CREATE TABLE "+table+" (k "+ty.name+", v integer)")
				s := newSite(t, pl, table, []string{"k"}, []string{"v"}, "{{.v}}")
				s.poll()
				var rows, wants []string
				for i, key := range randomKeys(ty.text, ty.valid) {
					rows = append(rows, fmt.Sprintf("(%s, %d)", ty.literal(fmt.Sprintf("%x", key)), i))
					wants = append(wants, fmt.Sprintf("create %d", i))
				}
				pl.exec(t, "INSERT INTO "+table+" VALUES "+strings.Join(rows, ", "))
				want(t, "new", s.poll(), wants...)
				pl.exec(t, "UPDATE "+table+" SET v = v + 10000")
				for i := range wants {
					wants[i] = fmt.Sprintf("update %d", i+10000)
				}
				want(t, "changed", s.poll(), wants...)
				t.Logf("%d keys", len(rows))
			})
		}
	}
}

// randomKeys differ in bytes.
func randomKeys(text, valid bool) (keys []string) {
	rnd := rand.New(rand.NewPCG(7, 11))
	alphabet := []string{"a", "A", "a ", " ", "é", "e", "e\u0301", "É", "ß", "ss", "/", "%", "%2F", `\`, `\x61`, "'", "1", "\t", "\n", "☕"}
	if !text {
		alphabet = append(alphabet, "\x00", "\x00\x00")
	}
	if !valid {
		alphabet = append(alphabet, "\xe9", "\xff", "\xc3", "\xa9", "\x80", `\xe9`)
	}
	seen := map[string]bool{"": true}
	keys = []string{""}
	for len(keys) < cases.Of(150, 600) {
		key := ""
		for range 1 + rnd.IntN(4) {
			key += alphabet[rnd.IntN(len(alphabet))]
		}
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}
