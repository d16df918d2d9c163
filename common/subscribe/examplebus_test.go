package subscribe_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/go-zeromq/zmq4"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/replay"
	"busbar/common/sign"
	"busbar/common/wire"
	"busbar/common/wire/guard"
)

const pki = "../../fixtures/wire/pki/"

// bus is the other side of the examples: a publisher that says n notes, and then its
// heartbeats, until it is stopped. It gives where it is found, whom to trust, and a
// name for a file.
func bus(n int) (publishers []string, v *sign.Verifier, file string, stop func()) {
	dir, err := os.MkdirTemp("", "example")
	must(err)
	signer, err := sign.LoadSigner(pki+"bridge-feeder.example.org.crt", pki+"bridge-feeder.example.org.key")
	must(err)
	v, err = sign.NewVerifier(sign.VerifierOptions{CAFile: pki + "ca.crt", CRLFile: pki + "crl.pem"})
	must(err)
	ctx, cancel := context.WithCancel(context.Background())
	id := journal.Identity{Prefix: "org.example", Environment: "dev", Name: "notes.host", Username: "notes"}
	j, err := journal.Open(ctx, journal.Options{Path: filepath.Join(dir, "journal.db"), Identity: id, Seal: signer.Seal})
	must(err)
	kind := event.Define("notes.note.create", "somebody wrote a note", func(n int) string { return fmt.Sprint("note ", n) }, nil)
	for i := range n {
		_, err := j.Append(ctx, journal.Record{Origin: "example", Received: time.Now(), Events: []event.Event{{Kind: kind, Key: fmt.Sprint(i), Time: time.Now(), Body: i + 1}}})
		must(err)
	}
	server := replay.New(replay.Journal{Reader: j.Reader(), Publisher: id.Name, Epoch: j.Epoch()}, nil)
	again, err := guard.Listen(ctx, []string{"tcp://127.0.0.1:0"}, guard.Options{Type: zmq4.Rep, Exchange: server.Serve})
	must(err)
	at := make(chan string, 1)
	p := &wire.Publisher{
		Journal: j, Identity: id, Seal: signer.Seal, Sink: "zmq", Every: 50 * time.Millisecond,
		Listen: wire.PubOptions{Endpoints: []string{"tcp://127.0.0.1:0"}},
		State: func(pub *wire.Pub, err error) {
			must(err)
			at <- pub.Endpoints()[0]
		},
	}
	ended := make(chan error)
	go func() { ended <- p.Run(ctx) }()
	list := filepath.Join(dir, "publishers.toml")
	must(os.WriteFile(list, fmt.Appendf(nil, "[endpoints]\nnotes = %q\n[replay_endpoints]\nnotes = %q\n", <-at, again.Endpoints()[0]), 0o600))
	return []string{"file:" + list}, v, filepath.Join(dir, "position"), func() {
		cancel()
		<-ended
		must(errors.Join(again.Close(), j.Close(), os.RemoveAll(dir)))
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
