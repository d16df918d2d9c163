package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/contrib/trials/trial"
)

func TestMain(m *testing.M) {
	if server(os.Args) {
		return
	}
	os.Exit(m.Run())
}

// TestTorture plays it with few kills.
func TestTorture(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var out strings.Builder
	err := torture(ctx, options{kills: 6, people: 10, events: 60, Options: trial.Options{Seed: 7}}, &out)
	t.Log("\n" + out.String())
	if err != nil {
		t.Fatal(err)
	}
	if want := "600 notifications, 600 notes made"; !strings.Contains(out.String(), want) {
		t.Errorf("the report does not say %q", want)
	}
}

// TestLedger shows that each fault would be found.
func TestLedger(t *testing.T) {
	for lines, want := range map[string]verdict{
		"a n1@x e1 single,b n2@x e1 single":                    {},
		"a n1@x e1 single":                                     {lost: 1},
		"a n1@x e1 single,a n1@x e1 single,b n2@x e1 single":   {doubled: 1},
		"a n1@x e1 single,a n3@x e1 single,b n2@x e1 single":   {doubled: 1},
		"a n1@x e1 single,b u@x e1 single,b u@x e1 single":     {again: 1},
		"a n1@x e1 single,b n2@x e1 single,b u@x e1 single":    {doubled: 1},
		"a n1@x e1 single,b n2@x e1 single,a n9@x  summary":    {},
		"b n2@x e1 single,a n1@x e2 single,a u@x e3 single,":   {lost: 1},
		"a u@x e1 single,a u@x e1 single,a u@x e1 single":      {lost: 1, doubled: 1, again: 1},
		"a n1@x e1 single,b n2@x e1 single,half a line is not": {},
	} {
		path := filepath.Join(t.TempDir(), "mails")
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(lines, ",", "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := newLedger(path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.file.Close()
		if err := l.read(); err != nil {
			t.Fatal(err)
		}
		v := l.judge([]string{"a", "b"}, []string{"e1"}, map[string]int{"u": 1})
		if v != want {
			t.Errorf("%s: %+v, want %+v", lines, v, want)
		}
		odd := strings.Contains(lines, "summary") || strings.Contains(lines, "half") || strings.HasSuffix(lines, ",")
		if bad := v.err(l) != nil; bad != (v.lost+v.doubled > 0 || odd) {
			t.Errorf("%s: %v", lines, v.err(l))
		}
	}
}
