package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"busbar/contrib/trials/trial"
	"busbar/fixtures/cluster"
	"busbar/fixtures/ports"
)

// forms are the ways that servers of this trial's own take.
var forms = []string{"webhook", "ntfy", "matrix"}

// A far side is a server that is killed.
type far struct {
	name  string
	kill  func() error
	start func(context.Context) error
}

// servers kills the program, a real IRC server, and servers in the form of a webhook's
// receiver, ntfy and Matrix, while notes go to some addresses of each.
func servers(ctx context.Context, o options, s *trial.Site) (string, error) {
	p, end, err := stage(ctx, o, s)
	defer end()
	if err != nil {
		return "", err
	}
	running, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	irc, err := cluster.StartNgircd(ctx, s.Dir, "")
	if err != nil {
		return "", err
	}
	s.Undo(irc.Stop)
	var to, channels []string
	for i := range o.addresses {
		channels = append(channels, fmt.Sprintf("#c%d", i))
		to = append(to, fmt.Sprintf("irc:#c%d", i))
	}
	talk, err := listen(running, &wg, irc.Address, channels)
	if err == nil {
		err = talk.ready(ctx)
	}
	if err != nil {
		return "", err
	}
	fars := []far{{"ngircd", irc.Kill, irc.Start}}
	tables := fmt.Sprintf(`[notify.outside]
allow = ["127.0.0.1"]
[notify.webhook]
secret_file = %q
[notify.matrix]
token_file = %q
server = "http://MATRIX"
[notify.ntfy]
server = "http://NTFY"
[[notify.irc.network]]
name = "trial"
server = %q
plaintext = true
nick = "busbar"
burst = 1000
pace = "1ms"
channels = ["%s"]
`, s.Path("secret"), s.Path("secret"), talk.listener.Addr(), strings.Join(channels, `", "`))
	if err := os.WriteFile(s.Path("secret"), []byte("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n"), 0o600); err != nil {
		return "", err
	}
	for _, form := range forms {
		address, err := ports.Address()
		if err != nil {
			return "", err
		}
		v, err := p.servant(form, "receive", form, address, s.Path(form))
		if err == nil {
			err = errors.Join(v.Start(), trial.AwaitListener(ctx, address))
		}
		if err != nil {
			return "", err
		}
		fars = append(fars, far{form, v.Kill, func(context.Context) error { return v.Start() }})
		tables = strings.ReplaceAll(tables, strings.ToUpper(form), address)
		for i := range o.addresses {
			to = append(to, form+":"+map[string]string{"webhook": "http://" + address + "/hook" + fmt.Sprint(i), "ntfy": fmt.Sprint("topic", i), "matrix": fmt.Sprintf("!room%d:example.org", i)}[form])
		}
	}
	if err := p.configure(fmt.Sprintf("[people.p0]\nto = [\"%s\"]\nlimit = 1000\nwithin = \"1m\"\n[[people.p0.rules]]\nname = \"all\"\nfilter = \"topic:trial.note\"\n", strings.Join(to, `", "`)), tables); err != nil {
		return "", err
	}
	fars = append(fars, far{"bus notify", p.notify.Kill, func(context.Context) error { return p.notify.Start() }})
	began := time.Now()
	if err := p.notify.Start(); err != nil {
		return "", err
	}
	times := map[string]int{}
	for n := range o.kills {
		if err := p.publisher.Speak(ctx, int64(o.said)*int64(n+1)/int64(o.kills)); err != nil {
			return "", err
		}
		one := fars[p.rng.IntN(len(fars))]
		pause := func() error { return trial.Pause(ctx, time.Duration(p.rng.Int64N(int64(150*time.Millisecond)))) }
		if err := pause(); err != nil {
			return "", err
		}
		if err := errors.Join(one.kill(), pause(), one.start(ctx)); err != nil {
			return "", fmt.Errorf("killing and starting %s: %w", one.name, err)
		}
		times[one.name]++
	}
	if err := p.publisher.Speak(ctx, int64(o.said)); err != nil {
		return "", err
	}
	err = p.allSent(ctx, o.said*len(to), 3*trial.Patience)
	took := time.Since(began)
	if err != nil {
		return "", err
	}
	if err := errors.Join(p.notify.Stop(), talk.ended(ctx)); err != nil {
		return "", err
	}
	text := fmt.Sprintf("%d events to %d addresses of each kind, in %.0f s; killed", o.said, o.addresses, took.Seconds())
	for _, f := range fars {
		text += fmt.Sprintf(" %s %d times,", f.name, times[f.name])
	}
	return p.balance(ctx, text, talk)
}

// balance holds what came to each far side against the outbox.
func (p *play) balance(ctx context.Context, text string, talk *chat) (string, error) {
	notes, err := outbox(ctx, p.outbox())
	if err != nil {
		return text, err
	}
	number, err := numbers(ctx, p.publisher)
	if err != nil {
		return text, err
	}
	came := map[string]arrivals{"irc": talk.arrivals()}
	for _, form := range forms {
		if came[form], err = readArrivals(p.site.Path(form)); err != nil {
			return text, err
		}
	}
	var counts []trial.Count
	for _, way := range append([]string{"irc"}, forms...) {
		b := came[way].balance(way, notes, number)
		text += fmt.Sprintf(" %s: %d notes, lost %d, came again %d (of %d notes nobody knew), ", way, b.notes, b.lost, b.again, b.unsure)
		switch way {
		case "irc":
			unseen, twice := talk.watched()
			text += fmt.Sprintf("seen twice %d, answered for by a server that died before anybody saw it %d, ", twice, unseen)
		case "ntfy":
			text += "which ntfy shows once from 2.16 on, "
		default:
			text += "which the far side knows by the id, "
		}
		text += fmt.Sprintf("doubled without that reason %d, out of order %d;", b.doubled, b.disorder)
		counts = append(counts, trial.Count{N: b.lost, What: way + " lost"}, trial.Count{N: b.doubled, What: way + " doubled"}, trial.Count{N: b.disorder, What: way + " out of order"})
	}
	return strings.TrimSuffix(text, ";"), trial.Verdict(counts)
}

// An arrival is one note at a far side.
type arrival struct{ to, id, n string }

// arrivals are in the order in which they came.
type arrivals []arrival

func readArrivals(path string) (list arrivals, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var a arrival
		if _, err := fmt.Sscan(lines.Text(), &a.to, &a.id, &a.n); err != nil {
			return nil, fmt.Errorf("reading %s: %q: %w", path, lines.Text(), err)
		}
		list = append(list, a)
	}
	return list, nil
}

// A balance is what came of the notes of one way.
type balance struct {
	notes, lost, again, unsure int
	doubled                    int // came again without a reason: under another id, or where the outbox was sure
	disorder                   int // came first after a later one, at the same address
}

func (list arrivals) balance(way string, notes []note, number map[string]int) (b balance) {
	by := map[saying][]string{}
	newest := map[string]int{}
	for _, a := range list {
		h := saying{a.to, a.n}
		n := 0
		_, _ = fmt.Sscan(a.n, &n) // it is one
		if len(by[h]) == 0 {
			if n < newest[a.to] {
				b.disorder++
			}
			newest[a.to] = max(newest[a.to], n)
		}
		by[h] = append(by[h], a.id)
	}
	for _, n := range notes {
		if n.way != way {
			continue
		}
		b.notes++
		if n.unsure > 0 {
			b.unsure++
		}
		to := n.to
		if u, err := url.Parse(to); err == nil && way == "webhook" {
			to = u.Path
		}
		ids := by[saying{to, fmt.Sprint(number[n.event])}]
		if len(ids) == 0 {
			b.lost++
			continue
		}
		// Where the far side knows ids, the outbox need not say that it is unsure.
		knows := way == "webhook" || way == "matrix"
		for i, id := range ids[1:] {
			if id == ids[0] && (knows || i < n.unsure) {
				b.again++
			} else {
				b.doubled++
			}
		}
	}
	return b
}

// arrivals are what the server was given and has answered for, and, of one that was given
// again, each time.
func (c *chat) arrivals() (list arrivals) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.first {
		if !c.answered[h] {
			continue // so it is lost
		}
		for range c.given[h] {
			list = append(list, arrival{h.to, h.n, h.n})
		}
	}
	return list
}

// watched is how many of those that the server answered for nobody saw, and how often one
// was seen again.
func (c *chat) watched() (unseen, again int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for h := range c.answered {
		if c.seen[h] == 0 {
			unseen++
		}
		again += max(c.seen[h]-1, 0)
	}
	return unseen, again
}
