package watch

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/adapters/tables"
)

// A typed is a column type with three values that differ, as SQL, and what the
// first of them is published as.
type typed struct {
	name    string // of the type; empty: a column without one
	a, b, c string
	told    string // of a; empty: not compared
}

// TestEveryType: of every type of every dialect, as the key and as a column,
// each change is published in one poll: new, other, gone, to NULL and from NULL. One
// poller is started for each poll, and lists all rows; one stays, and where the
// server gives sums of buckets, lists only rows of those that differ.
func TestEveryType(t *testing.T) {
	t.Parallel()
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			all := asTables(types()[p.name])
			var specs []tables.Spec
			for _, a := range all {
				specs = append(specs, a.spec)
			}
			file := filepath.Join(t.TempDir(), "journal.db")
			stays, err := openAll(t.Context(), p, filepath.Join(t.TempDir(), "stays.db"), specs, func(o *Options) { o.Full = time.Nanosecond })
			if err != nil {
				t.Fatal(err)
			}
			defer stays.close()
			poll := func(check func(by string, news map[string][]string)) {
				news, err := pollAll(p, file, specs)
				if err != nil {
					t.Fatal(err)
				}
				check("started for the poll", news)
				if p.name != "SQLite" { // which sums up nothing
					if news, err = stays.poll(t.Context()); err != nil {
						t.Fatal(err)
					}
					check("that stays", news)
				}
			}
			nothing := func(when string) {
				poll(func(by string, news map[string][]string) {
					if len(news) > 0 {
						t.Errorf("%s, the poller %s told %q", when, by, news)
					}
				})
			}
			// listed holds the poller that stays to how many rows of each table it listed.
			listed := func(when string, least, most int64) {
				for i, w := range stays.watches {
					if s := w.Stats(); s.Polls > 0 && (s.Listed < least || s.Listed > most) {
						t.Errorf("%s: of the table %s of %s, %d rows of %d were listed", when, w.o.Table.Table, all[i].name, s.Listed, s.Rows)
					}
				}
			}
			do := func(of func(asTable) string) {
				var b strings.Builder
				for _, a := range all {
					b.WriteString(of(a))
				}
				p.exec(t, b.String())
			}
			p.exec(t, before[p.name])
			do(func(a asTable) string { return a.make })
			nothing("at first")
			do(func(a asTable) string { return a.change })
			poll(func(by string, news map[string][]string) {
				for _, a := range all {
					a.check(t, by, news[a.spec.Table])
				}
			})
			listed("changed", 1, always-1)
			nothing("once more")
			listed("once more", 0, 0)
			t.Logf("%d types as keys and as columns", len(all)/2)
		})
	}
}

var before = map[string]string{
	"PostgreSQL": "CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('sad', 'glad', ''); CREATE TYPE pair AS (a integer, b text);" +
		"CREATE DOMAIN word AS text; CREATE COLLATION anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
	"MariaDB": "SELECT 1", "SQLite": "SELECT 1",
}

// always is how many rows of each table are there always; that is more than have
// buckets that differ.
const always = 20

// An asTable is a type as a table, with what changes in it and what is published.
type asTable struct {
	typed
	spec         tables.Spec
	make, change string
	want, whole  []string // beginnings, and sentences
}

func asTables(list []typed) (all []asTable) {
	for i, ty := range list {
		k, c := fmt.Sprintf("k%d", i), fmt.Sprintf("c%d", i)
		told := func(head string) []string {
			if ty.told == "" {
				return nil
			}
			return []string{strings.TrimSpace(head + " " + ty.told)}
		}
		var more [2]string
		for n := range always {
			more[0] += fmt.Sprintf(", ({2}, %d, 'same')", n+2)
			more[1] += fmt.Sprintf(", (%d, {%d})", n+100, n%3+1)
		}
		fill := strings.NewReplacer("{k}", k, "{c}", c, "{type}", ty.name, "{1}", ty.a, "{2}", ty.b, "{3}", ty.c).Replace
		all = append(all, asTable{
			ty, tables.Spec{Table: k, Topic: "shop." + k, Key: []string{"k", "part"}, Watch: []string{"v"}, Sentence: "{{.v}} {{.k}}"},
			fill("CREATE TABLE {k} (k {type}, part integer, v varchar(20)); INSERT INTO {k} VALUES ({1}, 1, 'one'), ({2}, 1, 'two')" + more[0] + ";\n"),
			fill("UPDATE {k} SET v = 'other' WHERE v = 'one'; DELETE FROM {k} WHERE v = 'two'; INSERT INTO {k} VALUES ({3}, 1, 'new'), ({1}, 2, 'second');\n"),
			[]string{"create new", "create second", "delete two", "update other"}, told("update other"),
		}, asTable{
			ty, tables.Spec{Table: c, Topic: "shop." + c, Key: []string{"id"}, Watch: []string{"c"}, Sentence: "{{.id}} {{.c}}"},
			fill("CREATE TABLE {c} (id integer, c {type}); INSERT INTO {c} VALUES (1, {1}), (2, {2}), (3, NULL), (4, {1}), (5, {2}), (6, {3})" + more[1] + ";\n"),
			fill("UPDATE {c} SET c = {2} WHERE id = 1; UPDATE {c} SET c = NULL WHERE id = 2; UPDATE {c} SET c = {1} WHERE id = 3;" +
				"DELETE FROM {c} WHERE id = 4; UPDATE {c} SET c = {2} WHERE id = 6; INSERT INTO {c} VALUES (7, {3});\n"),
			[]string{"create 7", "delete 4", "update 1", "update 2", "update 3", "update 6"}, told("update 3"),
		})
	}
	return all
}

func (a asTable) check(t *testing.T, by string, got []string) {
	ok := len(got) == len(a.want)
	for i := 0; ok && i < len(got); i++ {
		ok = got[i] == a.want[i] || strings.HasPrefix(got[i], a.want[i]+" ")
	}
	if !ok {
		t.Errorf("%s %s: the poller %s told %q, want %q", a.name, a.spec.Table, by, got, a.want)
	}
	for _, w := range a.whole {
		if !slices.Contains(got, w) {
			t.Errorf("%s %s: the poller %s told %q, want %q among it", a.name, a.spec.Table, by, got, w)
		}
	}
}

func types() map[string][]typed {
	return map[string][]typed{
		"PostgreSQL": {
			{"smallint", "1", "-2", "0", "1"}, {"integer", "1", "-2", "0", "1"}, {"bigint", "9223372036854775807", "-9223372036854775808", "0", "9223372036854775807"},
			{"numeric", "1.0", "1.00", "'NaN'", "1.0"}, {"numeric(40,20)", "12345678901234567890.12345678901234567890", "12345678901234567890.12345678901234567891", "0", "12345678901234567890.12345678901234567890"},
			{"real", "0.1", "0.10000001", "'NaN'", "0.1"}, {"real", "'-0'", "0", "'Infinity'", "-0"}, {"double precision", "0.1", "0.10000000000000002", "'-Infinity'", "0.1"},
			{"double precision", "1e300", "1e-300", "'NaN'", "1e+300"}, {"money", "1.5", "2.5", "-1", ""},
			{"text", "''", "' '", "'a'", ""}, {"text", "'a'", "'a '", "'A'", "a"}, {"varchar(9)", "'é'", "'e'", "''", "é"}, {"char(5)", "'ab'", "'abc'", "''", "ab"},
			{`"char"`, "'a'", "'b'", "''", "a"}, {"name", "'a'", "'b'", "''", "a"}, {"word", "'a'", "''", "'A'", "a"}, {"citext", "'a'", "'A'", "'á'", "a"},
			{"text COLLATE anycase", "'a'", "'A'", "''", "a"}, {`text COLLATE "C"`, `'\'`, `'\\'`, "E'a\\nb'", `\`},
			{"bytea", `'\x00ff'`, `'\x00'`, `'\x'`, `\x00ff`}, {"bytea", "'abc'", "''", "'a'", `\x616263`}, {"bit(3)", "B'101'", "B'001'", "B'000'", "101"}, {"bit varying", "B'1'", "B'01'", "B''", "1"},
			{"date", "'2026-03-01'", "'infinity'", "'0044-03-15 BC'", "2026-03-01"}, {"time", "'10:00'", "'24:00'", "'10:00:00.000001'", "10:00:00"},
			{"time with time zone", "'10:00+02'", "'10:00+01'", "'08:00+00'", "10:00:00+02"}, {"timestamp", "'2026-03-01 10:00'", "'infinity'", "'2026-03-01 10:00:00.5'", "2026-03-01 10:00:00"},
			{"timestamp with time zone", "'2026-03-01 10:00+02'", "'-infinity'", "'2026-03-01 10:00+01'", "2026-03-01 08:00:00+00"},
			{"interval", "'1 day'", "'24 hours'", "'1 mon -1 day'", "1 day"}, {"interval", "'30 days'", "'1 mon'", "'0'", "30 days"},
			{"uuid", "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000002'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "00000000-0000-0000-0000-000000000001"},
			{"inet", "'10.0.0.1'", "'10.0.0.1/8'", "'::1'", "10.0.0.1/32"}, {"cidr", "'10.0.0.0/8'", "'10.0.0.0/16'", "'::/0'", "10.0.0.0/8"},
			{"macaddr", "'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'", "'00:00:00:00:00:00'", "08:00:2b:01:02:03"}, {"macaddr8", "'08:00:2b:01:02:03:04:05'", "'08:00:2b:01:02:03:04:06'", "'00:00:00:00:00:00:00:00'", ""},
			{"json", `'{"a":1}'`, `'{"a": 1}'`, "'null'", `{"a":1}`}, {"jsonb", `'{"a":1}'`, `'{"a":1.0}'`, "'null'", `{"a": 1}`}, {"jsonpath", "'$.a'", "'$.b'", "'$'", `$."a"`},
			{"xml", "'<a/>'", "'<a></a>'", "'x'", "<a/>"}, {"integer[]", "'{1,2}'", "'{}'", "'{NULL}'", "{1,2}"}, {"text[]", `'{"",a}'`, `'{a,""}'`, `'{"NULL"}'`, `{"",a}`}, {"json[]", `array['1']::json[]`, `array['1 ']::json[]`, "'{}'", "{1}"},
			{"mood", "'sad'", "'glad'", "''", "sad"}, {"pair", "(1, 'a')", "(1, '')", "(1, NULL)", "(1,a)"}, {"int4range", "'[1,3)'", "'[1,4)'", "'empty'", "[1,3)"}, {"int4multirange", "'{[1,3)}'", "'{}'", "'{[1,2),[5,6)}'", "{[1,3)}"},
			{"point", "'(1,2)'", "'(1,3)'", "'(0,0)'", "(1,2)"}, {"line", "'{1,2,3}'", "'{1,2,4}'", "'{1,0,0}'", "{1,2,3}"}, {"lseg", "'[(0,0),(1,1)]'", "'[(0,0),(1,2)]'", "'[(0,0),(0,0)]'", "[(0,0),(1,1)]"},
			{"box", "'(1,1),(0,0)'", "'(2,2),(1,1)'", "'(0,0),(0,0)'", "(1,1),(0,0)"}, {"path", "'((0,0),(1,1))'", "'[(0,0),(1,1)]'", "'((0,0))'", "((0,0),(1,1))"},
			{"polygon", "'((0,0),(1,1))'", "'((1,1),(0,0))'", "'((0,0))'", "((0,0),(1,1))"}, {"circle", "'<(0,0),1>'", "'<(1,1),1>'", "'<(0,0),0>'", "<(0,0),1>"},
			{"tsvector", "'a b'", "'a'", "''", "'a' 'b'"}, {"tsquery", "'a & b'", "'a'", "'b'", "'a' & 'b'"}, {"oid", "1", "2", "4294967295", "1"}, {"xid", "'1'", "'2'", "'3'", "1"}, {"xid8", "'1'", "'2'", "'3'", "1"}, {"pg_lsn", "'0/1'", "'0/2'", "'0/0'", "0/1"},
			{"tid", "'(0,1)'", "'(0,2)'", "'(1,0)'", "(0,1)"}, {"regclass", "'pg_class'", "'pg_type'", "'pg_proc'", "pg_class"},
		},
		"MariaDB": {
			{"tinyint", "1", "-2", "0", "1"}, {"bigint unsigned", "18446744073709551615", "9223372036854775808", "0", "18446744073709551615"}, {"boolean", "true", "false", "2", "1"},
			{"int(6) zerofill", "7", "8", "0", ""}, {"decimal(40,20)", "12345678901234567890.12345678901234567890", "12345678901234567890.12345678901234567891", "0", "12345678901234567890.12345678901234567890"},
			{"float", "0.1", "0.10000001", "-0e0", "0.1"}, {"float", "1.0000001", "1.0000002", "1", "1.0000001"}, {"float(7,2)", "1.25", "1.26", "0", "1.25"}, {"double", "0.1", "0.10000000000000002", "1e300", "0.1"}, {"double", "1e-300", "0", "-1e15", "1e-300"},
			{"bit(20)", "b'101'", "b'1'", "b'0'", "5"}, {"bit(64)", "~0", "1", "0", "18446744073709551615"},
			{"char(5)", "'ab'", "'abc'", "''", "ab"}, {"varchar(20)", "'a'", "'a '", "'A'", "a"}, {"varchar(20)", "'e'", "'é'", "''", "e"}, {"varchar(20) collate utf8mb4_bin", "'☕'", "'☕ '", `'\\'`, "☕"},
			{"varchar(20) character set latin1", "'é'", "'e'", "''", "é"}, {"varchar(20) character set ucs2", "'é'", "'e'", "''", "é"}, {"varchar(20) character set big5", "'a'", "'b'", "''", "a"},
			{"text", "'a'", "'a '", "'A'", "a"}, {"longtext", "''", "'a'", "'\\n'", ""}, {"tinytext", "'a'", "'b'", "''", "a"},
			{"binary(3)", "x'00ff00'", "x'00ff01'", "x'000000'", `\x00ff00`}, {"varbinary(20)", "x'ff'", "x'fe'", "x'c3bf'", `\xff`}, {"varbinary(20)", "'a'", "'A'", "'a '", "a"}, {"blob", "x'00'", "x'0000'", "''", `\x00`}, {"longblob", "x'e9'", "x'c3a9'", `'\\xe9'`, `\xe9`},
			{"date", "'2026-03-01'", "'1000-01-01'", "'9999-12-31'", "2026-03-01"}, {"datetime", "'2026-03-01 10:00'", "'2026-03-01 10:00:01'", "'1000-01-01'", "2026-03-01 10:00:00"}, {"datetime(6)", "'2026-03-01 10:00:00.000001'", "'2026-03-01 10:00:00'", "'9999-12-31 23:59:59.999999'", "2026-03-01 10:00:00.000001"},
			{"timestamp(3) null", "'2026-03-01 10:00'", "'2026-03-01 10:00:00.001'", "'1970-01-01 00:00:01'", "2026-03-01 10:00:00.000"}, {"time", "'10:00'", "'-838:59:59'", "'838:59:59'", "10:00:00"}, {"time(6)", "'00:00:00.000001'", "'0'", "'00:00:01'", "00:00:00.000001"}, {"year", "2026", "1901", "0", "2026"},
			{"enum('sad','glad','')", "'sad'", "'glad'", "''", "sad"}, {"set('a','b')", "'a'", "'a,b'", "''", "a"}, {"json", `'{"a":1}'`, `'{"a": 1}'`, "'null'", `{"a":1}`},
			{"uuid", "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000002'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "00000000-0000-0000-0000-000000000001"}, {"inet6", "'::1'", "'::2'", "'::10.0.0.1'", "::1"},
			{"point", "point(1,2)", "point(1,3)", "point(0,0)", ""}, {"geometry", "point(1,2)", "linestring(point(0,0),point(1,1))", "point(0,0)", ""},
		},
		"SQLite": {
			{"integer", "1", "-2", "9223372036854775807", "1"}, {"integer", "5", "'five'", "''", "5"}, {"", "5", "6", "''", "5"}, {"", "1.5", "'a'", "x'01'", "1.5"}, {"", "'5'", "'05'", "x''||'5 '", "5"}, {"any", "5", "5.5", "'x'", "5"},
			{"real", "0.1", "0.10000000000000002", "9e999", "0.1"}, {"real", "1", "-0.5", "-9e999", "1"}, {"numeric", "'1.50'", "'abc'", "1e20", "1.5"}, {"boolean", "1", "0", "'true'", "1"}, {"decimal(10,2)", "1.25", "'x'", "7", "1.25"},
			{"text", "''", "' '", "'a'", ""}, {"text", "'a'", "'a '", "'A'", "a"}, {"text collate nocase", "'a'", "'A'", "'á'", "a"}, {"text collate rtrim", "'a'", "'a '", "''", "a"}, {"text", "5", "'5.0'", "'05'", "5"},
			{"text", "'a'||char(0)||'b'", "'a'||char(0)||'c'", "'a'", ""}, {"text", "cast(x'e9' as text)", "'é'", "cast(x'e8' as text)", ""}, {"text", "cast(x'ff' as text)", "cast(x'fe' as text)", "''", ""},
			{"blob", "x'0102'", "x'01'", "x''", `\x0102`}, {"blob", "x'e9'", "x'c3a9'", "x'00'", `\xe9`}, {"blob", "x'616263'", "'abd'", "7", "abc"},
			{"date", "'2026-03-01'", "'2026-03-01 '", "20260301", "2026-03-01"}, {"datetime", "'2026-03-01 10:00:00'", "'2026-03-01T10:00:00Z'", "1772359200", "2026-03-01 10:00:00"}, {"timestamp", "'2026-03-01 10:00'", "'2026-03-01 10:00:00'", "'x'", "2026-03-01 10:00"}, {"time", "'10:00'", "'10:00:00'", "''", "10:00"},
			{"json", `'{"a":1}'`, `'{"a": 1}'`, "'null'", `{"a":1}`}, {"uuid", "'a'", "x'00'", "''", "a"},
		},
	}
}
