package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// fetch reads a page again and again until it holds a text, whatever the code
// that it comes with.
func fetch(ts *testscript.TestScript, neg bool, args []string) {
	last := "nobody answers"
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		r, err := http.Get(args[1])
		if err != nil {
			continue
		}
		b, err := io.ReadAll(r.Body)
		r.Body.Close()
		ts.Check(err)
		if last = string(b); strings.Contains(last, args[0]) {
			fmt.Fprint(ts.Stdout(), last)
			return
		}
	}
	ts.Fatalf("%s never said %q; at last: %s", args[1], args[0], last)
}
