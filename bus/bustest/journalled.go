package bustest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/replay"
	"busbar/common/sign"
	"busbar/common/wire"
)

// Journalled is the peer `journalled LIST JOURNAL N [GONE]`: a publisher, logger.here,
// whose journal has N messages that were said before anybody listened; retention has
// dropped the first GONE of them. It puts into LIST where it is, and ends when those
// who came have gone, or with SIGTERM.
func Journalled(args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	ctx, _ = signal.NotifyContext(ctx, syscall.SIGTERM) // to the end: it may come while this ends by itself
	signer, err := sign.LoadSigner(os.Getenv("PKI")+"/bridge-feeder.example.org.crt", os.Getenv("PKI")+"/bridge-feeder.example.org.key")
	if err != nil {
		return err
	}
	id := journal.Identity{Prefix: "org.debian", Environment: "dev", Name: "logger.here", Username: "logger"}
	now := time.Now()
	j, err := journal.Open(ctx, journal.Options{
		Path: args[1], Identity: id, Seal: signer.Seal, Retention: journal.Retention{Age: time.Hour}, Now: func() time.Time { return now },
	})
	if err != nil {
		return err
	}
	defer j.Close()
	if err := fill(ctx, j, &now, args[2:]); err != nil {
		return err
	}
	server := replay.New(replay.Journal{Reader: j.Reader(), Publisher: id.Name, Epoch: j.Epoch()}, nil)
	return publish(ctx, args[0], server, &wire.Publisher{Journal: j, Identity: id, Seal: signer.Seal, Sink: "zmq", Every: 100 * time.Millisecond})
}

// fill writes the messages, two minutes old; those that are to be gone two hours.
func fill(ctx context.Context, j *journal.Journal, now *time.Time, counts []string) error {
	n, err := strconv.Atoi(counts[0])
	if err != nil {
		return err
	}
	gone := 0
	if len(counts) > 1 {
		if gone, err = strconv.Atoi(counts[1]); err != nil {
			return err
		}
	}
	kind := event.Define("logger.log", "somebody logged a line", func(n int) string { return fmt.Sprint("line ", n) }, nil)
	present := *now
	for i := range n {
		if *now = present.Add(-2 * time.Minute); i < gone {
			*now = present.Add(-2 * time.Hour)
		}
		e := event.Event{Kind: kind, Key: fmt.Sprint(i), Time: time.Unix(1.7e9, 0), Body: i + 1}
		if _, err := j.Append(ctx, journal.Record{Origin: "test", Received: *now, Events: []event.Event{e}}); err != nil {
			return err
		}
	}
	*now = present
	if gone > 0 {
		_, err = j.Prune(ctx)
	}
	return err
}

// publish publishes and answers replay, and writes where, until all have gone.
func publish(ctx context.Context, list string, server *replay.Server, p *wire.Publisher) error {
	gone, came := errors.New("all have gone"), false
	running, end := context.WithCancelCause(ctx)
	defer end(nil)
	again := make(chan string, 1)
	go func() {
		if err := server.Listen(running, []string{"tcp://127.0.0.1:0"}, func(at []string) { again <- at[0] }); err != nil {
			end(err)
		}
	}()
	var replayAt string
	select {
	case replayAt = <-again:
	case <-running.Done():
		return context.Cause(running)
	}
	p.Listen = wire.PubOptions{Endpoints: []string{"tcp://127.0.0.1:0"}, Exchange: server.Serve}
	p.State = func(pub *wire.Pub, err error) {
		if err != nil {
			end(err)
			return
		}
		text := fmt.Sprintf("[endpoints]\nlogger = %q\n[replay_endpoints]\nlogger = %q\n", pub.Endpoints()[0], replayAt)
		if err := errors.Join(os.WriteFile(list+".new", []byte(text), 0o600), os.Rename(list+".new", list)); err != nil {
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
	}
	_ = p.Run(running) // it ends with running, whose cause tells more
	if err := context.Cause(running); !errors.Is(err, gone) && !errors.Is(ctx.Err(), context.Canceled) {
		return err
	}
	return nil
}
