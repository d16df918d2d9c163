package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"busbar/contrib/trials/trial"
)

// A ledger is what the command wrote down: a line "begin PUBLISHER NUMBER PROCESS" or
// "end …" each time.
type ledger struct {
	file  *os.File
	rest  []byte // of a line that is not whole yet
	lines int
	of    map[string]*account

	disorder, twice, again int
	where                  []string
}

// An account is what was written down of one publisher.
type account struct {
	ended   int64 // all up to here are handled
	times   int   // the newest of them was
	begun   int64 // number and process of the command that began last
	process int
	running bool // it has not ended
}

func newLedger(path string, publishers []string) (*ledger, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o600)
	l := &ledger{file: f, of: map[string]*account{}}
	for _, p := range publishers {
		l.of[p] = &account{}
	}
	return l, err
}

// read takes up what was written since.
func (l *ledger) read() error {
	buf := make([]byte, 64<<10)
	for {
		n, err := l.file.Read(buf)
		l.rest = append(l.rest, buf[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return nil
		}
		l.rest = rest
		if err := l.take(string(line)); err != nil {
			return err
		}
	}
}

func (l *ledger) take(line string) error {
	l.lines++
	var what, publisher string
	var number int64
	var process int
	if _, err := fmt.Sscan(line, &what, &publisher, &number, &process); err != nil {
		return fmt.Errorf("reading what the command wrote, %q: %w", line, err)
	}
	a := l.of[publisher]
	if a == nil || what != "begin" && what != "end" {
		return fmt.Errorf("the command wrote %q", line)
	}
	ended := a.ended
	if what == "begin" {
		switch {
		case number == a.begun:
			l.again++ // the same once more
		case number != a.begun+1 || ended < number-1:
			l.wrong("%s begins %d when %d is handled", publisher, number, ended)
		}
		a.begun, a.process, a.running = number, process, true
		return nil
	}
	switch {
	case process != a.process || number != a.begun:
		l.wrong("%s ends %d by process %d, and %d runs for %d", publisher, number, process, a.process, a.begun)
	case number == ended:
		if a.times++; a.times == 2 {
			l.twice++
		}
	case number == ended+1:
		a.ended = number
		a.times = 1
	default:
		l.wrong("%s ends %d after %d", publisher, number, ended)
	}
	a.running = false
	return nil
}

func (l *ledger) wrong(format string, args ...any) {
	l.disorder++
	l.where = append(l.where, fmt.Sprintf(format, args...))
}

// processes are the commands that began and have not ended, as far as is written.
func (l *ledger) processes() []int {
	var list []int
	for _, a := range l.of {
		if a.running {
			list = append(list, a.process)
		}
	}
	return list
}

// missing is how many events of those that were said are not handled.
func (l *ledger) missing(said map[string]int64) int {
	n := 0
	for p, last := range said {
		n += int(last - l.of[p].ended)
	}
	return n
}

func (l *ledger) verdict(said map[string]int64) error {
	return trial.Verdict([]trial.Count{{N: l.missing(said), What: "not handled"}, {N: l.disorder, What: "out of order"}}, l.where...)
}

func (l *ledger) String() string {
	return fmt.Sprintf("out of order %d, begun again %d, handled twice %d", l.disorder, l.again, l.twice)
}

// isCommand says whether a process is the command still.
func isCommand(process int, command string) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", process))
	return err == nil && strings.Contains(string(text), command)
}
