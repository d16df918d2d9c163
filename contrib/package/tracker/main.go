// Tracker is a bug tracker for test-install.sh, which answers SOAP as debbugs does,
// with a few bugs: tracker ADDRESS. Each POST to /report files one more.
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"

	"busbar/fixtures/bugtracker"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "tracker: want an address, such as 127.0.0.1:8080")
		os.Exit(64)
	}
	t := bugtracker.New(bugtracker.Options{First: 101})
	report := func() int {
		return t.Report(bugtracker.Report{Package: "kettle", Version: "1.0-1", Letter: bugtracker.Letter{
			From: "Nora Ortega <nora@example.org>", Subject: "kettle: the lamp flickers", Body: "It is so.\n",
			MessageID: fmt.Sprintf("%d@example.org", time.Now().UnixNano()),
		}})
	}
	report()
	mux := http.NewServeMux()
	mux.Handle("/cgi-bin/soap.cgi", t.Handler())
	mux.HandleFunc("POST /report", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, report()) })
	server := &http.Server{Addr: os.Args[1], Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintln(os.Stderr, "tracker:", server.ListenAndServe())
	os.Exit(1)
}
