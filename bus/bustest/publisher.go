package bustest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"busbar/common/config"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/node"
)

// Publisher is `publisher NAME ENDPOINT JOURNAL CERTIFICATE N`: what an adapter is on
// the bus, whose journal has N messages. The certificate is one of $PKI, without its
// ending, or gpg:FILE, an OpenPGP key. It ends by SIGTERM or SIGINT.
func Publisher(args []string) error {
	if len(args) != 5 {
		return fmt.Errorf("usage: publisher NAME ENDPOINT JOURNAL CERTIFICATE N")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	n, err := strconv.Atoi(args[4])
	if err != nil {
		return err
	}
	bus := config.DefaultBus()
	bus.Name, bus.Publish, bus.Journal = args[0], []string{args[1]}, args[2]
	bus.Heartbeat = config.Duration(200 * time.Millisecond)
	keys := os.Getenv("PKI") + "/" + args[3]
	signing := config.Sign{Backend: "x509", Certificate: keys + ".crt", Key: keys + ".key"}
	if key, ok := strings.CutPrefix(args[3], "gpg:"); ok {
		signing = config.Sign{Backend: "gpg", Key: key}
	}
	p, err := node.New(ctx, "logger", bus, signing, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	kind := event.Define("logger.log", "somebody logged a line", func(n int) string { return fmt.Sprint("line ", n) }, nil)
	for i := range n {
		e := event.Event{Kind: kind, Key: fmt.Sprint(args[0], i), Time: time.Unix(1.7e9, 0), Body: i + 1}
		if _, err := p.Journal.Append(ctx, journal.Record{Origin: "test", Received: time.Now(), Events: []event.Event{e}}); err != nil {
			return err
		}
	}
	err = p.Run(ctx)
	if err == nil || ctx.Err() != nil {
		err = p.Journal.Close()
	}
	return err
}
