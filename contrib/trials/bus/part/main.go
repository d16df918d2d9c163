// Part is the programs of the trial contrib/trials/bus that are not Busbar's own: a
// small publisher on common/node, a program on common/subscribe that keeps what came
// in a database of its own, a listener to hubs' /events, a crowd of these, and who has a
// whole journal said again. The trial kills them as it kills ours.
//
// Not here: what is done to them, and whether they got all.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"busbar/common/config"
	"busbar/common/program"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	if err != nil && !program.Cut(ctx, err) {
		fmt.Fprintln(os.Stderr, "part:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	commands := map[string]func(context.Context, options) error{"feed": feed, "listen": listen, "events": events, "crowd": crowd, "fetch": fetch}
	if len(args) == 0 || commands[args[0]] == nil {
		return errors.New("want feed, listen, events, crowd or fetch")
	}
	o := options{log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	file := f.String("config", "", "the configuration: [bus] and [sign]")
	f.StringVar(&o.source, "source", "", "feed: file with how many notes there are to be said")
	f.StringVar(&o.out, "out", "", "listen: the database; events: the file of lines; crowd, fetch: the report")
	f.IntVar(&o.clients, "clients", 2000, "crowd: how many listen")
	f.IntVar(&o.stalled, "stalled", 50, "crowd: how many do not read what they are sent")
	f.Float64Var(&o.rate, "rate", 100, "feed: notes a second")
	f.Func("hub", "events, crowd: where a hub is", func(hub string) error { o.hubs = append(o.hubs, hub); return nil })
	if err := f.Parse(args[1:]); err != nil {
		return err
	}
	o.shared = config.DefaultShared()
	nothing := func(string) string { return "" }
	if _, err := (config.Source{Program: "part", File: *file, Getenv: nothing}).Load(&o.shared); err != nil {
		return err
	}
	if err := o.shared.CompleteShared("part"); err != nil {
		return err
	}
	return commands[args[0]](ctx, o)
}

type options struct {
	shared      config.Shared
	source, out string
	rate        float64
	hubs        []string
	clients     int
	stalled     int
	log         *slog.Logger
}
