package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/common/journal"
)

// news prints a line for each message since the last call. The daemon is dead.
func news(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(ts.Exec("scmhook", "reconcile", "--config", "scmhook.toml"))
	ctx := context.Background()
	r, err := journal.OpenReader(ctx, ts.MkAbs("journal.db"))
	ts.Check(err)
	defer r.Close()
	memory := ts.MkAbs("told.seq")
	before, err := os.ReadFile(memory)
	if err != nil {
		before = []byte("0")
	}
	seq, err := strconv.ParseInt(string(before), 10, 64)
	ts.Check(err)
	for {
		list, err := r.After(ctx, seq, 1000)
		ts.Check(err)
		if len(list) == 0 {
			break
		}
		for _, m := range list {
			seq = m.Seq
			fmt.Fprintln(ts.Stdout(), sentence(ts, m))
		}
	}
	ts.Check(os.WriteFile(memory, []byte(strconv.FormatInt(seq, 10)), 0o600))
}

func sentence(ts *testscript.TestScript, m journal.Message) string {
	var e struct {
		Topic string
		Msg   map[string]json.RawMessage
	}
	ts.Check(json.Unmarshal(m.Wire, &e))
	delete(e.Msg, "author")
	raw, err := json.Marshal(e.Msg)
	ts.Check(err)
	var b struct {
		Repository, Ref, Via, Subject, Branch, Username, Missing, Property, Previous, Value, Action string

		Person       struct{ Name string }
		Forced       bool
		Annotated    bool
		Signed       bool
		Truncated    bool
		Merge        bool
		Revision     int
		Changed      int
		TotalCommits int `json:"total_commits"`
		Commits      []struct{ Subject string }
		Files        []struct{ Path, From, Action string }
		Options      []string
	}
	ts.Check(json.Unmarshal(raw, &b))
	_, kind, _ := strings.Cut(e.Topic, ".dev.")
	s := []string{kind, b.Repository}
	add := func(ok bool, format string, args ...any) {
		if ok {
			s = append(s, fmt.Sprintf(format, args...))
		}
	}
	add(b.Ref != "", "%s", b.Ref)
	add(b.Revision > 0, "r%d", b.Revision)
	add(strings.HasSuffix(kind, "commit.create"), "[%s] %.40q", b.Branch, b.Subject)
	add(b.Property != "", "%s %s %q -> %q by %s", b.Property, b.Action, b.Previous, b.Value, b.Username)
	add(b.Forced, "forced")
	add(b.Merge, "merge")
	add(b.Annotated, "annotated")
	add(b.Signed, "signed")
	add(b.TotalCommits > 0, "%d of %d commits", len(b.Commits), b.TotalCommits)
	for i, f := range b.Files {
		add(i < 3, "%s:%s", f.Action, f.Path)
		add(i < 3 && f.From != "", "from:%s", f.From)
	}
	add(b.Changed > len(b.Files), "%d files", b.Changed)
	add(b.Truncated, "truncated")
	add(b.Missing != "", "missing")
	add(len(b.Options) > 0, "options:%s", strings.Join(b.Options, ","))
	add(b.Via == "reconcile", "recovered")
	return strings.Join(s, " ")
}
