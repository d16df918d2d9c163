package demo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"busbar/common/event"
)

const listenersConfig = `[bus]
subscribe = ["%s"]

[sign]
ca = %q
crl = %q

[hub]
listen = "127.0.0.1:0"
archive = %q
`

// enough is how many messages the consumer has taken when it is killed.
const enough = 20

// listen starts who listens: a consumer with a position, and a hub.
func (d *demo) listen() error {
	self, err := exec.LookPath(os.Args[0])
	if err != nil {
		if self, err = os.Executable(); err != nil {
			return fmt.Errorf("looking for bus: %w", err)
		}
	}
	var endpoints []string
	for _, a := range d.adapters {
		endpoints = append(endpoints, a.endpoint)
	}
	file := d.path("bus.toml")
	text := fmt.Sprintf(listenersConfig, strings.Join(endpoints, `", "`), d.path("keys", "ca.crt"), d.path("keys", "crl.pem"), d.path("archive.db"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing the demo's configuration: %w", err)
	}
	d.consumer = process{
		name: "bus tail", program: self, log: d.path("consumer.log"), out: d.path("consumer.jsonl"),
		args: []string{"tail", "--config", file, "--position", d.path("consumer.position"), "--from", "start", "--json"},
	}
	d.hub = process{name: "bus hub", program: self, log: d.path("hub.log"), args: []string{"hub", "--config", file}}
	if err := errors.Join(d.consumer.start(d.ended), d.hub.start(d.ended)); err != nil {
		return err
	}
	d.say("A consumer (bus tail --position, process %d) writes all that is said into a file, and bus hub (process %d) keeps it.", d.consumer.cmd.Process.Pid, d.hub.cmd.Process.Pid)
	return nil
}

// goes kills the consumer when it has taken enough.
func (d *demo) goes() error {
	if d.consumer.cmd == nil {
		return nil
	}
	if t, err := d.taken(); err != nil || t.messages < enough {
		return err
	}
	return d.killConsumer()
}

// killConsumer kills it, and removes what it wrote of a line from its file.
func (d *demo) killConsumer() error {
	d.consumer.kill()
	t, err := d.taken()
	if err == nil {
		err = os.Truncate(d.consumer.out, t.size)
	}
	if err != nil {
		return fmt.Errorf("killing the consumer: %w", err)
	}
	d.say("\nThe consumer is killed: %d messages are in its file. All goes on without it.\n", t.messages)
	return nil
}

// comesBack starts the consumer again, and waits until it has all that was said.
func (d *demo) comesBack(ctx context.Context, s seen) error {
	if d.consumer.cmd != nil { // all came before it had taken enough
		if err := d.killConsumer(); err != nil {
			return err
		}
	}
	before, err := d.taken()
	if err != nil {
		return err
	}
	if err := d.consumer.start(d.ended); err != nil {
		return err
	}
	for {
		t, err := d.taken()
		if err != nil {
			return err
		}
		if t.has(s) {
			again := ""
			if t.again > 0 {
				again = fmt.Sprintf("; %d came twice, for it was killed before it could remember that it had them", t.again)
			}
			d.say("\nThe consumer is started again, asks for what it missed, and gets it: %d messages. Now it has all %d, in order%s.", t.messages-before.messages, t.messages, again)
			return nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("waiting for the consumer to have all: %w", err)
		}
	}
}

// taken is what is in the consumer's file.
type taken struct {
	messages, again int
	newest          map[string]int64 // number, by publisher; all before it are there
	size            int64            // of the whole lines
}

// has says whether it is all that was seen.
func (t taken) has(s seen) bool {
	for publisher, n := range s.last {
		if t.newest[publisher] < n {
			return false
		}
	}
	return true
}

// taken reads the consumer's file, in which nothing may be missing or out of order.
func (d *demo) taken() (taken, error) {
	t := taken{newest: map[string]int64{}}
	text, err := os.ReadFile(d.consumer.out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return t, fmt.Errorf("reading what the consumer wrote: %w", err)
	}
	for line := range bytes.Lines(text) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		t.size += int64(len(line))
		_, e, err := event.ParseMessage(line)
		switch n := t.newest[e.Publisher]; {
		case err != nil:
			return t, fmt.Errorf("reading what the consumer wrote: %w", err)
		case e.Seq <= n:
			t.again++
		case e.Seq > n+1:
			return t, fmt.Errorf("the consumer has message %d of %s after message %d", e.Seq, e.Publisher, n)
		default:
			t.messages++
			t.newest[e.Publisher] = e.Seq
		}
	}
	return t, nil
}

// asked are how many events of the hub are shown, and of which topic.
const (
	askedEvents = 2
	askedTopic  = "debbugs.bug.create"
)

// ask listens to the hub as a person does, and shows the beginning of the answer.
func (d *demo) ask(ctx context.Context) error {
	address, err := d.address(ctx)
	if err != nil {
		return err
	}
	query := url.Values{"since": {"0"}, "topic": {askedTopic}}
	args := []string{"--no-buffer", "--silent", "--show-error", "--fail", address + "/events?" + query.Encode()}
	d.say("\nThe hub has all, too, and shows it in a browser: %s/ (bus demo --stay keeps it running)", address)
	d.say("It says it to who listens by HTTP: curl --no-buffer '%s' (lines are shortened)", args[len(args)-1])
	if _, err := exec.LookPath("curl"); err != nil {
		d.say("      curl is not installed; a browser shows it, while the hub runs.")
		return d.tell(ctx, address)
	}
	listening, end := context.WithCancel(ctx)
	defer end()
	cmd := exec.CommandContext(listening, "curl", args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("running curl: %w", err)
	}
	n := 0
	lines := bufio.NewReader(out)
	for n < askedEvents {
		line, err := lines.ReadString('\n')
		if err != nil {
			return fmt.Errorf("running curl: %w: %s", errors.Join(err, cmd.Wait()), errs.Bytes())
		}
		width := d.width() - 6
		if strings.HasPrefix(line, "data: ") {
			width = 0 // its sentence has blanks, between which it is broken
			n++
		}
		d.say("      %s", shorten(strings.TrimSuffix(line, "\n"), width))
	}
	end()
	_ = cmd.Wait() // it would listen on for ever
	return d.tell(ctx, address)
}

// stay lets people look around until ctx ends, or, with work, one of the programs.
func (d *demo) stay(ctx, work context.Context) error {
	address, err := d.address(ctx)
	if err != nil {
		return err
	}
	d.say("\nThe bus goes on. In a browser: %s/ (Ctrl-C ends it)", address)
	<-work.Done()
	if ctx.Err() == nil {
		return context.Cause(work)
	}
	return nil
}

// address is where the hub serves: its log says so.
func (d *demo) address(ctx context.Context) (string, error) {
	for {
		if _, rest, found := strings.Cut(d.hub.said(), "address="); found {
			return strings.Fields(rest)[0], nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return "", fmt.Errorf("waiting for the hub: %w", err)
		}
	}
}
