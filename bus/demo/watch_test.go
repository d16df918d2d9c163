package demo

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/replay"
	"busbar/common/sign"
	"busbar/common/wire"
)

// TestAgain: what a publisher said while nobody was connected is asked for, and verified.
func TestAgain(t *testing.T) {
	const pki = "../../fixtures/wire/pki/"
	signer, err := sign.LoadSigner(pki+"bridge-feeder.example.org.crt", pki+"bridge-feeder.example.org.key")
	if err != nil {
		t.Fatal(err)
	}
	id := journal.Identity{Prefix: "org.example", Environment: "dev", Name: "notes.host", Username: "notes"}
	j, err := journal.Open(t.Context(), journal.Options{Path: filepath.Join(t.TempDir(), "journal.db"), Identity: id, Seal: signer.Seal})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	kind := event.Define("notes.note.create", "somebody wrote a note", func(n int) string { return fmt.Sprint("note ", n) }, nil)
	for n := range 5 {
		e := event.Event{Kind: kind, Key: fmt.Sprint(n), Time: time.Unix(1.7e9, 0), Body: n}
		if _, err := j.Append(t.Context(), journal.Record{Origin: "test", Events: []event.Event{e}}); err != nil {
			t.Fatal(err)
		}
	}
	server := replay.New(replay.Journal{Reader: j.Reader(), Publisher: id.Name, Epoch: j.Epoch()}, nil)
	pub, err := wire.Listen(t.Context(), wire.PubOptions{Endpoints: []string{"tcp://127.0.0.1:0"}, Exchange: server.Serve})
	if err != nil {
		t.Fatal(err)
	}
	defer pub.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	gap := &wire.Gap{Publisher: id.Name, Epoch: j.Epoch(), From: 2, To: 4}
	for ca, want := range map[string]string{"ca.crt": "2 3 4 ", "otherca.crt": "verifying a message"} {
		v, err := sign.NewVerifier(sign.VerifierOptions{CAFile: pki + ca})
		if err != nil {
			t.Fatal(err)
		}
		list, err := again(ctx, v, pub.Endpoints()[0], gap)
		got := ""
		for _, m := range list {
			got += fmt.Sprint(m.Envelope.Seq, " ")
		}
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", ca, got, want)
		}
	}
}
