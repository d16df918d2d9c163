package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	line := func(action, test, output string) string {
		return fmt.Sprintf(`{"Action":%q,"Package":"p","Test":%q,"Output":%q}`+"\n", action, test, output)
	}
	pass := line("output", "A", "=== RUN A\n") + line("pass", "A", "")
	skip := line("output", "B", "    b_test.go:1: not root\n") + line("output", "B", "--- SKIP: B\n") + line("skip", "B", "")
	fail := line("output", "C", "    c_test.go:1: wrong\n") + line("fail", "C", "") + line("output", "", "FAIL\tp\n") + line("fail", "", "")
	ok := line("output", "", "ok  \tp\t1s\n") + line("pass", "", "")
	built := `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: no\n"}` + "\n" + line("output", "", "FAIL\tp [build failed]\n") + line("fail", "", "")
	for _, c := range []struct {
		name, in string
		skips    bool
		good     bool
		want     string
	}{
		{"passes", pass + ok, false, true, "ok  \tp\t1s\n1 passed, 0 failed, 0 skipped\n"},
		{"skips", pass + skip + ok, true, true, "ok  \tp\t1s\nskipped: p B: b_test.go:1: not root\n1 passed, 0 failed, 1 skipped\n"},
		{"must not skip", pass + skip + ok, false, false, "nothing may be skipped"},
		{"fails", pass + fail, true, false, "    c_test.go:1: wrong\nFAIL\tp\nfailed: p\n1 passed, 1 failed, 0 skipped\n"},
		{"does not build", built, true, false, "p.go:1: no\nFAIL\tp [build failed]\nfailed: p\n0 passed, 0 failed, 0 skipped\n"},
		{"falls over", pass + line("output", "C", "panic: no\n") + line("output", "", "FAIL\tp\n") + line("fail", "", ""), true, false, "did not end: p C\npanic: no\nFAIL\tp\nfailed: p\n1 passed"},
		{"nothing ran", "", true, false, "0 passed"},
		{"go complains", "go: no such file\n" + pass + ok, true, true, "go: no such file\nok  \tp\t1s\n1 passed"},
	} {
		var out strings.Builder
		r := &report{out: &out, output: map[string]*strings.Builder{}, failed: map[string]bool{}}
		if err := r.read(strings.NewReader(c.in)); err != nil {
			t.Fatal(err)
		}
		if good := r.close(c.skips); good != c.good || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: good %v, and\n%s\nwant %v and\n%s", c.name, good, out.String(), c.good, c.want)
		}
	}
}
