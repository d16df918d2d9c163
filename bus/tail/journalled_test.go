package tail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/go-zeromq/zmq4"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/replay"
	"busbar/common/sign"
	"busbar/common/wire"
	"busbar/common/wire/guard"
)

// journalled is `journalled LIST JOURNAL N`: a publisher whose journal has N messages
// that were said before anybody listened. It puts into LIST where it is, and ends when
// those who came have gone.
func journalled(args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	signer, err := sign.LoadSigner(os.Getenv("PKI")+"/bridge-feeder.example.org.crt", os.Getenv("PKI")+"/bridge-feeder.example.org.key")
	if err != nil {
		return err
	}
	id := journal.Identity{Prefix: "org.debian", Environment: "dev", Name: "logger.here", Username: "logger"}
	j, err := journal.Open(ctx, journal.Options{Path: args[1], Identity: id, Seal: signer.Seal})
	if err != nil {
		return err
	}
	defer j.Close()
	kind := event.Define("logger.log", "somebody logged a line", func(n int) string { return fmt.Sprint("line ", n) }, nil)
	for i := range n {
		e := event.Event{Kind: kind, Key: fmt.Sprint(i), Time: time.Unix(1.7e9, 0), Body: i + 1}
		if _, err := j.Append(ctx, journal.Record{Origin: "test", Received: time.Now(), Events: []event.Event{e}}); err != nil {
			return err
		}
	}
	server := replay.New(replay.Journal{Reader: j.Reader(), Publisher: id.Name, Epoch: j.Epoch()}, nil)
	again, err := guard.Listen(ctx, []string{"tcp://127.0.0.1:0"}, guard.Options{Type: zmq4.Rep, Exchange: server.Serve})
	if err != nil {
		return err
	}
	defer again.Close()
	gone, came := errors.New("all have gone"), false
	running, end := context.WithCancelCause(ctx)
	p := &wire.Publisher{
		Journal: j, Identity: id, Seal: signer.Seal, Sink: "zmq", Every: 100 * time.Millisecond,
		Listen: wire.PubOptions{Endpoints: []string{"tcp://127.0.0.1:0"}},
		State: func(pub *wire.Pub, err error) {
			if err != nil {
				end(err)
				return
			}
			text := fmt.Sprintf("[endpoints]\nlogger = %q\n[replay_endpoints]\nlogger = %q\n", pub.Endpoints()[0], again.Endpoints()[0])
			if err := os.WriteFile(args[0]+".new", []byte(text), 0o600); err != nil {
				end(err)
			}
			if err := os.Rename(args[0]+".new", args[0]); err != nil {
				end(err)
			}
			go func() {
				for running.Err() == nil {
					if there := pub.Stats().Subscribers > 0; there {
						came = true
					} else if came {
						end(gone)
					}
					time.Sleep(10 * time.Millisecond) // between two looks at the condition
				}
			}()
		},
	}
	p.Run(running)
	if err := context.Cause(running); !errors.Is(err, gone) {
		return err
	}
	return nil
}
