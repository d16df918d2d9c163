package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/pump"
	"busbar/scmhook/hook"
	"busbar/scmhook/webhook"
)

// TestPoisonGoesBackWhereItCameFrom: a webhook that could not be read goes to the
// webhooks' server again, with what its headers said, and what a hook wrote to
// the spool.
func TestPoisonGoesBackWhereItCameFrom(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	cfg := DefaultConfig()
	cfg.SCM.Spool = filepath.Join(dir, "spool")
	cfg.Webhook.Journal = filepath.Join(dir, "webhooks.db")
	if err := os.Mkdir(cfg.SCM.Spool, 0o700); err != nil {
		t.Fatal(err)
	}
	cfg.Bus.Journal = cfg.webhookJournal()
	j, err := journal.Open(ctx, journal.Options{Path: cfg.Bus.Journal, Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "test"}})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	in := newHanded((&delivered{j.Reader()}).plan)
	p := &pump.Pump{Channel: in, Table: cfg.Translators(), Journal: j, Source: "webhook"}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(running) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	good := fmt.Sprintf(`{"ref":"refs/heads/a","before":"%040d","after":"%s","repository":{"full_name":"tea/pot"}}`, 0, strings.Repeat("A0", 20))
	item := []byte(`{"webhook":1,"forge":"GitHub","kind":"push","name":"k1","received":"2026-03-14T09:00:00Z"}` + "\n" + good)
	d, why, err := webhook.Reread(item)
	if err != nil || why != "" || broken(d) != "" || len(d.Names) != 2 || d.Item.Received.Year() != 2026 {
		t.Fatalf("%+v, %q, %v", d, why, err)
	}
	d.Item.Value = errors.New("an earlier version could not read it") // as if it had been kept by one
	odd := strings.Replace(string(item), strings.Repeat("A0", 20), "zz", 1)
	unread, _, err := webhook.Reread([]byte(odd))
	if err != nil || !strings.Contains(broken(unread), `after is no id: "zz"`) {
		t.Fatalf("%+v, %v", unread, err)
	}
	for _, d := range []webhook.Delivery{d, unread} {
		if err := in.Submit(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := j.Reader().Poisoned(ctx)
	if err != nil || len(rows) != 2 || !strings.Contains(rows[1].Reason, "zz") {
		t.Fatalf("kept: %+v, %v", rows, err)
	}

	give := program.PoisonIn(cfg, cfg.webhookJournal()).Retry
	for _, row := range rows {
		whole, err := j.Reader().PoisonItem(ctx, row.ID)
		if err == nil {
			err = give(whole)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	back := &node.RetryQueue{Dir: node.RetryDir(cfg.Bus.Journal), Once: true, Parse: func(string, []byte) any { return nil }}
	if err := retryAll(ctx, back, in, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	rows, err = j.Reader().Poisoned(ctx)
	if err != nil || len(rows) != 1 || rows[0].Attempts != 2 {
		t.Errorf("after it was read again: %+v, %v", rows, err)
	}
	if seq, err := j.Reader().LastSeq(ctx); err != nil || seq != 1 {
		t.Errorf("%d events, %v", seq, err)
	}

	for _, row := range rows {
		if row.Source != "webhook" {
			t.Errorf("made by %q", row.Source)
		}
	}

	if err := give(journal.PoisonRow{Source: "webhook", Item: []byte("nobody can say whose this is")}); err != nil {
		t.Fatal(err)
	}
	if left, err := node.Waiting(node.RetryDir(cfg.Bus.Journal)); err != nil || len(left) != 1 {
		t.Errorf("in the retry queue: %v, %v", left, err)
	}
	spooled := []byte(`{"version":9}` + "\n")
	if err := give(journal.PoisonRow{Source: hooked, Item: spooled}); err != nil {
		t.Fatal(err)
	}
	former := journal.PoisonRow{Item: []byte(`{"version":9}` + "\n")} // kept by a program that did not say
	if err := give(former); err != nil {
		t.Fatal(err)
	}
	if files, err := filepath.Glob(cfg.SCM.Spool + "/*" + hook.Suffix); err != nil || len(files) != 2 {
		t.Errorf("in the spool: %v, %v", files, err)
	}
}

// TestFormerPoison: earlier versions kept the body alone.
func TestFormerPoison(t *testing.T) {
	for body, forge := range map[string]string{
		`{"repository":{"full_name":"a"},"ref":"x"}`:                     "GitHub",
		"{\n \"project\":{\"path_with_namespace\":\"a\"}}":               "GitLab",
		`{"repository":{"full_name":"a"},"ref_type":"branch","ref":"x"}`: "GitHub",
	} {
		d, _, err := webhook.Reread([]byte(body))
		if err != nil || string(d.Item.Raw) != body && d.Item.Raw != nil || d.Item.Origin != "" && !strings.Contains(d.Item.Origin, forge) {
			t.Errorf("%s: %+v, %v", body, d, err)
		}
	}
	for _, item := range []string{"", "{", `{"version":1,"system":"git","repository":"/x"}` + "\nlines", "[]", `{"webhook":7}` + "\n{}"} {
		if d, _, err := webhook.Reread([]byte(item)); err == nil {
			t.Errorf("%q is what a webhook left: %+v", item, d)
		} else if strings.Contains(item, "7") == errors.Is(err, webhook.ErrNotKept) {
			t.Errorf("%q: %v", item, err)
		}
	}
}

// broken is why a delivery cannot be read; "": it can.
func broken(d webhook.Delivery) string {
	if err, ok := d.Item.Value.(error); ok {
		return err.Error()
	}
	return ""
}
