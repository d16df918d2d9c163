// Package notify is `bus notify`: people are told what concerns them, as their rules say.
//
// A durable subscriber hands out events; rules are found that want them (match), and what
// they want is put into people's boxes (plan); what is to be said becomes notes in an
// outbox, in one transaction with the position; and a sender for each destination (dest)
// hands them over, tries again what failed, and keeps what never will go out as dead
// letters.
//
// Not here: how messages come, are repaired and remembered (common/subscribe).
package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"busbar/bus/config"
	"busbar/bus/kinds"
	"busbar/bus/notify/openid"
	"busbar/bus/notify/outbox"
	"busbar/bus/notify/rule"
	"busbar/bus/notify/self"
	"busbar/bus/printer"
	"busbar/common/condition"
	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/sign"
	"busbar/common/subscribe"
)

// Command is `bus notify`.
type Command struct {
	Notify struct {
		Run     runCommand     `cmd:"" help:"Tell people what concerns them: as a daemon, until it is ended. Rules are read again by SIGHUP."`
		Explain explainCommand `cmd:"" help:"Say why somebody is told of an event, or is not: what each rule says of it, and what was sent."`
		Test    testCommand    `cmd:"" help:"Say what a rule would have taken of what an archive has, before it is switched on. Nothing is sent."`
		Check   checkCommand   `cmd:"" help:"Read rules and destinations as the daemon would, and say what is wrong. With --send, send a test to somebody's addresses."`
		Dead    struct {
			List  deadList  `cmd:"" help:"List notes that could not be sent, and addresses at which nothing is sent any more."`
			Retry deadRetry `cmd:"" help:"Send notes again, and to their addresses, also while the daemon runs."`
			Drop  deadDrop  `cmd:"" help:"Forget notes that could not be sent."`
		} `cmd:"" help:"Notes that could not be sent."`
		Mail   mailCommand   `cmd:"" help:"Take one mail of commands, or a bounce, on standard input (from an alias or a pipe of the mail system). Exits 0 when it is done, else 75."`
		Resume resumeCommand `cmd:"" help:"Take back what a person ended by the links in notes. A daemon that runs learns of it by SIGHUP."`
		Key    keyCommand    `cmd:"" help:"Keys that people or their programs need."`
		Status statusCommand `cmd:"" help:"Count what was sent, held back and given up, by destination; also while the daemon runs."`
	} `cmd:"" help:"Tell people what concerns them, as their rules say: at once or in digests, by mail and other ways."`
}

// loaded is the configuration with the destinations in it.
func loaded(p *program.Env, g *program.Globals, log *slog.Logger) (config.Config, ways, error) {
	cfg, err := config.Load(p, g)
	if err != nil {
		return cfg, nil, err
	}
	err = cfg.Notify.Complete()
	var w ways
	if err == nil {
		w, err = openWays(cfg.Notify, log, p.Stderr)
	}
	if err != nil {
		return cfg, nil, &exit.Error{Code: exit.Config, Err: err}
	}
	return cfg, w, nil
}

// everybody are the people of the files, and those who keep their rules themselves, where
// there is an outbox.
func everybody(ctx context.Context, cfg config.Config, w ways) ([]*rule.Person, error) {
	book, err := files(cfg, w).Book(ctx)
	if err != nil {
		return nil, &exit.Error{Code: exit.Config, Err: err}
	}
	if _, err := os.Stat(cfg.Notify.Outbox); errors.Is(err, fs.ErrNotExist) {
		return book.People, nil
	}
	out, err := outbox.OpenBeside(ctx, cfg.Notify.Outbox)
	if err != nil {
		return nil, &exit.Error{Code: exit.TempFail, Err: err}
	}
	defer out.Close()
	store, err := self.Open(ctx, out, cfg.Notify.Self.Limits())
	var own []*rule.Person
	if err == nil {
		own, err = (&self.Source{Store: store, Prefix: cfg.Bus.Prefix, Names: book, Check: w.own(cfg.Notify.Self)}).Read(ctx)
	}
	var all []*rule.Person
	if err == nil {
		all, _, err = rule.Join(book.People, own)
	}
	if err != nil {
		return nil, &exit.Error{Code: exit.TempFail, Err: err}
	}
	return all, nil
}

// files are the rules of the folder.
func files(cfg config.Config, w ways) rule.Files {
	return rule.Files{Dir: cfg.Notify.Rules, Prefix: cfg.Bus.Prefix, Check: w.check}
}

type runCommand struct {
	Endpoint []string `help:"Publisher to follow, such as tcp://127.0.0.1:9940. May be repeated. Default: [bus] subscribe and discover." placeholder:"ENDPOINT"`
	config.Trust
	NoVerify bool `help:"Follow without verifying: anybody can have said anything. Without it an authority is needed."`
}

// memory is what the collector aims at.
const memory = 256 << 20

// window bounds in number what is read ahead and not stored.
const window = 4 * batchMessages

// Run tells people until told to stop.
func (c *runCommand) Run(p *program.Env, g *program.Globals) error {
	log := g.Logger(p)
	cfg, w, err := loaded(p, g, log)
	if err != nil {
		return err
	}
	if len(c.Endpoint) == 0 {
		c.Endpoint = cfg.Bus.Publishers()
	}
	if len(c.Endpoint) == 0 {
		return &exit.Error{Code: exit.Config, Err: errors.New("notifying: nobody to follow (give --endpoint, or set [bus] subscribe or discover)")}
	}
	verifier, err := c.Required(p, cfg.Sign, c.NoVerify, "notifying", "follows")
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	program.SoftMemory(memory)
	ctx, hangup, stop := p.Signals()
	defer stop()
	d, err := c.open(ctx, cfg, w, verifier, log)
	if err != nil {
		return program.Begun(ctx, err)
	}
	tasks := []program.Task{{Name: "looking up who reported which bug", Run: func(ctx context.Context) error { return d.learn(ctx, cfg) }}, {Name: "notifying", Run: d.run}, {Name: "the rules", Run: func(ctx context.Context) error {
		for {
			select {
			case <-hangup:
				d.reload(ctx)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}}}
	if cfg.Notify.Listen != "" {
		tasks = append(tasks, program.Task{Name: "the web server", Run: func(ctx context.Context) error { return d.listen(ctx, cfg.Notify.Listen) }})
	}
	return errors.Join(program.Serve(ctx, log, d.line, tasks...), d.close())
}

// A daemon joins subscriber, engine, outbox and senders.
type daemon struct {
	people     *people
	subscriber *subscribe.Subscriber
	engine     *engine
	out        *outbox.Outbox
	ways       ways
	senders    map[string]*sender
	stops      *stops
	pages      http.Handler // nil: none are served
	openid     *openid.Provider
	asked      chan struct{} // other people or rules are there: see learn
	keep       time.Duration
	log        *slog.Logger
	conditions condition.Set
}

func (c *runCommand) open(ctx context.Context, cfg config.Config, w ways, v *sign.Verifier, log *slog.Logger) (*daemon, error) {
	d := &daemon{ways: w, senders: map[string]*sender{}, asked: make(chan struct{}, 1), keep: time.Duration(cfg.Notify.Keep), log: log}
	book, err := files(cfg, w).Book(ctx)
	if err != nil {
		return nil, errors.Join(&exit.Error{Code: exit.Config, Err: err}, w.Close())
	}
	if d.out, err = outbox.Open(ctx, cfg.Notify.Outbox); err != nil {
		return nil, errors.Join(&exit.Error{Code: exit.TempFail, Err: err}, w.Close())
	}
	from, err := cfg.Notify.Begin()
	if err == nil {
		d.subscriber, err = subscribe.Open(ctx, subscribe.Options{Publishers: c.Endpoint, Hubs: cfg.Bus.Hubs, Verifier: v, DB: d.out.DB(), From: from, Window: window, Log: log})
	}
	if err != nil {
		return nil, errors.Join(&exit.Error{Code: exit.Config, Err: err}, d.out.Close(), w.Close())
	}
	if d.stops, err = openStops(ctx, d.out, cfg.Notify.Public, log); err == nil {
		d.people, err = newPeople(ctx, files(cfg, w), book, d.out, cfg.Notify.Self.Limits(), w.own(cfg.Notify.Self))
	}
	if err != nil {
		return nil, errors.Join(&exit.Error{Code: exit.TempFail, Err: err}, d.close())
	}
	for name, one := range w {
		d.senders[name] = newSender(name, one, d.out, d.stops.secret, time.Duration(cfg.Notify.GiveUp), log)
	}
	catalog := kinds.All()
	d.engine, err = newEngine(ctx, &engine{
		source: d.subscriber, out: d.out, prefix: cfg.Bus.Prefix, log: log, now: time.Now, stops: d.stops, pages: cfg.Notify.Pages(),
		say: func(e event.Envelope) (string, string) { return printer.Say(catalog, e) },
		woken: func(way string) {
			if s := d.senders[way]; s != nil {
				s.awake()
			}
		},
	})
	if err != nil {
		return nil, errors.Join(&exit.Error{Code: exit.TempFail, Err: err}, d.close())
	}
	if cfg.Notify.Self.Web {
		if d.pages, err = d.pagesOf(cfg); err != nil {
			return nil, errors.Join(err, d.close())
		}
	}
	d.engine.rules(d.people.everybody())
	w.stay()
	d.conditions.Watch(d.now)
	d.conditions.Watch(func() []condition.Condition { return node.Exposed("a secret of bus notify", cfg.Notify.Secrets()...) })
	log.Info("notifying", "people", len(d.people.everybody()), "rules", d.engine.matcher.Rules(), "outbox", cfg.Notify.Outbox)
	return d, nil
}

func (d *daemon) close() error {
	var err error
	if d.openid != nil {
		err = d.openid.Close()
	}
	return errors.Join(err, d.subscriber.Close(), d.ways.Close(), d.out.Close())
}

// run notifies until ctx ends. What was handed over is stored before it returns.
func (d *daemon) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, 0, len(d.senders)+2)
	var mu sync.Mutex
	start := func(do func(context.Context) error) {
		wg.Go(func() {
			err := do(ctx)
			if err != nil && !program.Cut(ctx, err) {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
			cancel()
		})
	}
	start(d.engine.run)
	for _, s := range d.senders {
		start(s.run)
	}
	start(d.forget)
	start(d.follow)
	wg.Wait()
	return errors.Join(errs...)
}

// forget drops what was sent long ago.
func (d *daemon) forget(ctx context.Context) error {
	for {
		more, err := d.out.Forget(ctx, time.Now().Add(-d.keep), 1000)
		if err != nil && ctx.Err() == nil {
			d.log.Warn("old notes cannot be forgotten; trying again", "error", err)
		}
		wait := time.Hour
		if more {
			wait = time.Second
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// reload reads the rules again. Wrong ones are reported, and the old ones stay in force.
func (d *daemon) reload(ctx context.Context) {
	err := d.people.readFiles(ctx)
	err = errors.Join(err, d.stops.read(ctx))
	d.conditions.Note("rules", err, "the rules that were read before stay in force")
	if err != nil {
		d.log.Error("the rules are wrong; those that were read before stay in force", "error", err)
		return
	}
	d.engine.rules(d.people.everybody())
	d.lookUp()
	d.log.Info("the rules are read again", "people", len(d.people.everybody()))
}

// failingFor is how long a destination may fail before a person must look.
const failingFor = 5 * time.Minute

// now is what is not as it should be.
func (d *daemon) now() []condition.Condition {
	list := d.subscriber.Status().Conditions()
	for name, s := range d.senders {
		if err, since := s.state(); err != nil {
			level := condition.Warn
			if time.Since(since) > failingFor {
				level = condition.Fail
			}
			list = append(list, condition.Condition{Name: "destination " + name, Level: level, Since: since, Text: err.Error(), Hint: "notes wait, and are tried again"})
		}
	}
	d.engine.mu.Lock()
	err := d.engine.err
	d.engine.mu.Unlock()
	if err != nil {
		list = append(list, condition.Condition{Name: "outbox", Level: condition.Fail, Text: err.Error(), Hint: "events wait at the publishers"})
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	tallies, err := d.out.Tallies(ctx)
	if err != nil {
		return list
	}
	for way, t := range tallies {
		if t.Dead > 0 {
			list = append(list, condition.Condition{Name: "dead letters", Level: condition.Warn, Text: fmt.Sprintf("%d notes could not be sent by %s", t.Dead, way), Hint: "see bus notify dead list"})
		}
		if d.senders[way] == nil && t.Waiting > 0 {
			list = append(list, condition.Condition{Name: "no destination", Level: condition.Warn, Text: fmt.Sprintf("%d notes wait for %q, which is not configured", t.Waiting, way), Hint: "set [notify." + way + "]"})
		}
	}
	return list
}
