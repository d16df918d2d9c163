package screen

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"busbar/common/program"
	"busbar/common/show"
)

// A Drawing writes what is shown, for a screen.
type Drawing = func(io.Writer, Screen) error

// What a terminal is asked for (ECMA-48): each line is written over the one before, so
// that nothing flickers, and what is left of it is erased.
const (
	home      = "\x1b[H"
	eraseLine = "\x1b[K"
	eraseRest = "\x1b[J"
	hide      = "\x1b[?25l"
	unhide    = "\x1b[?25h"
)

// Redraw shows what make makes, again at each interval and when the terminal's size
// changes, until ctx ends. The last of it stays on the terminal.
func Redraw(ctx context.Context, p *program.Env, every time.Duration, make func(context.Context) Drawing) error {
	resized := signals(syscall.SIGWINCH)
	defer resized.stop()
	if _, err := show.Fprintf(p.Stdout, "%s", show.Clean(hide+home+eraseRest)); err != nil {
		return err
	}
	defer show.Fprintf(p.Stdout, "%s", show.Clean(unhide))
	for {
		drawing := make(ctx)
		for shown := false; !shown; {
			if err := draw(p.Stdout, Of(p), drawing); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return nil
			case <-resized.come: // the same again, in the new size
			case <-time.After(every):
				shown = true
			}
		}
	}
}

// draw writes one drawing over the one before, as much as fits.
func draw(w io.Writer, s Screen, drawing Drawing) error {
	var b bytes.Buffer
	if err := drawing(&b, s); err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if most := s.Height - 1; most > 1 && len(lines) > most {
		more := show.Sprintf("%d lines more: make the terminal higher", len(lines)-most+1)
		lines = append(lines[:most-1], string(s.Paint(Dim, s.Cut(more, s.Width))))
	}
	text := home + strings.Join(lines, eraseLine+"\n") + eraseLine + "\n" + eraseRest
	_, err := show.Fprintf(w, "%s", show.Clean(text))
	return err
}

// asked are signals as they come.
type asked struct {
	come chan os.Signal
	stop func()
}

func signals(list ...os.Signal) asked {
	come := make(chan os.Signal, 1)
	signal.Notify(come, list...)
	return asked{come, func() { signal.Stop(come) }}
}

// Waiting tells on a terminal how far something is that is waited for, in one line of
// standard error that goes when all is done; nil where there is no terminal. The format
// has two numbers.
func Waiting(p *program.Env, format string) func(done, of int) {
	if !p.Terminal() || p.Getenv("TERM") == "dumb" {
		return nil
	}
	last := [2]int{-1, -1}
	return func(done, of int) {
		switch now := [2]int{done, of}; {
		case done >= of:
			show.Fprintf(p.Stderr, "%s", show.Clean("\r"+eraseLine))
		case now != last:
			last = now
			show.Fprintf(p.Stderr, "%s", show.Clean("\r"+show.Sprintf(format, done, of)+eraseLine))
		}
	}
}
