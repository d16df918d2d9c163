package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"busbar/fixtures/ports"
)

// compareKGB measures Debian's kgb-client, if it is there: with its server dead,
// and with one that answers at once.
func compareKGB(ctx context.Context, s *site, o options, repository string) error {
	client, err := exec.LookPath("kgb-client")
	if err != nil {
		fmt.Fprintln(s.Out, "times: kgb-client is not installed (package kgb-client); not compared")
		return nil
	}
	address, err := ports.Address()
	if err != nil {
		return err
	}
	config := fmt.Sprintf("repo-id: hello\npassword: secret\ntimeout: 5\nservers:\n - uri: http://%s/\n   password: secret\n", address)
	if err := os.WriteFile(s.Path("kgb.yaml"), []byte(config), 0o600); err != nil {
		return err
	}
	// It looks at the commits, so there must be some.
	head, err := git(ctx, repository, "", "rev-parse", "refs/heads/main")
	if err != nil {
		return err
	}
	parent, err := git(ctx, repository, "", "rev-parse", "refs/heads/main~1")
	if err != nil {
		return err
	}
	few := o
	few.runs = max(o.runs/20, 5)
	measure := func(what string) error {
		script := s.Path("kgb-hook")
		text := fmt.Sprintf("#!/bin/sh\necho %s %s refs/heads/main | %s --conf %s --repository git --git-reflog - >/dev/null 2>&1 || :\n", parent, head, client, s.Path("kgb.yaml"))
		if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
			return err
		}
		h := hook{what: "kgb-client, " + what, dir: repository, args: []string{script}}
		return h.measure(ctx, s, few, 1)
	}
	if err := measure("server dead"); err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	var received atomic.Int64
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		received.Add(1)
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.Copy(w, strings.NewReader(`{"id":"1","error":null,"result":"OK"}`))
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	err = measure("server alive")
	_ = server.Close()
	<-ended
	if err == nil && received.Load() == 0 {
		fmt.Fprintln(s.Out, "times: kgb-client's server received nothing, so its times mean nothing; is libipc-run-perl there?")
	}
	return err
}
