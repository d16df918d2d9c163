package subscribe

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// consumer is what the test kills: it writes the number of each message as a line, and
// acknowledges it after that.
func consumer(args []string) error {
	s, err := Open(context.Background(), Options{Publishers: args[:1], File: args[1], From: Start(), Window: 20})
	if err != nil {
		return err
	}
	defer s.Close()
	out, err := os.OpenFile(args[2], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	for {
		m, err := s.Next(context.Background())
		if err != nil {
			return err
		}
		if m.Gap != nil {
			return fmt.Errorf("%s", m.Gap)
		}
		if _, err := fmt.Fprintf(out, "%d\n", m.Envelope.Seq); err != nil {
			return err
		}
		if err := s.Ack(context.Background(), m); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%d acknowledged\n", m.Envelope.Seq); err != nil {
			return err
		}
	}
}

// TestKilled: a process that is killed at any moment has every message in the end, in
// order, and again only the one that was not acknowledged.
func TestKilled(t *testing.T) {
	const n = 250
	h := newHost(t, "notes.host", nil)
	dir := t.TempDir()
	position, lines := filepath.Join(dir, "position"), filepath.Join(dir, "lines")
	stop := make(chan struct{})
	said := make(chan struct{})
	go func() { // it is said all the time, with losses
		defer close(said)
		for i := int64(1); ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
			if h.n < n {
				h.write(1)
			}
			if i%7 > 0 {
				h.say(int64(h.n), int64(h.n))
			} else {
				h.beat(int64(h.n))
			}
		}
	}()
	kills, end := 0, time.Now().Add(longest)
	for done := false; !done; kills++ {
		cmd := exec.Command(os.Args[0], "file:"+h.at, position, lines)
		cmd.Env = append(os.Environ(), "BUSBAR_TEST_CONSUMER=1")
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Three of four times it is killed when it has got on, however slow the machine
		// is; else at any moment, also while it starts.
		before, _ := os.ReadFile(lines)
		got := rand.IntN(4) == 0
		for until := time.Now().Add(time.Duration(100+rand.IntN(400)) * time.Millisecond); (time.Now().Before(until) || !got && time.Now().Before(end)) && !done; time.Sleep(5 * time.Millisecond) {
			text, _ := os.ReadFile(lines)
			got = got || len(text) > len(before)
			done = strings.Contains(string(text), fmt.Sprintf("\n%d acknowledged\n", n))
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		if time.Now().After(end) {
			t.Fatal("it never has all")
		}
	}
	close(stop)
	<-said
	f, err := os.Open(lines)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	last, acknowledged, again := 0, 0, 0
	for text := bufio.NewScanner(f); text.Scan(); {
		number, is, _ := strings.Cut(text.Text(), " ")
		seq, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case is != "":
			acknowledged = seq
		case seq == last && acknowledged < seq:
			again++
		case seq != last+1:
			t.Fatalf("%d comes after %d", seq, last)
		default:
			last = seq
		}
	}
	if last != n {
		t.Errorf("the last is %d", last)
	}
	t.Logf("killed %d times: %d messages, %d came again", kills, last, again)
}
