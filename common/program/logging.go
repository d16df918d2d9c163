package program

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"busbar/common/config"
	"busbar/common/secret"
)

// Logger writes to standard error, where systemd's journal takes it. What is
// logged follows [bus] log as soon as a configuration is read, and at a reload.
func (g Globals) Logger(p *Env) *slog.Logger {
	if g.Debug {
		p.level.Set(slog.LevelDebug)
		p.levelFixed = true
	}
	o := &slog.HandlerOptions{Level: &p.level, ReplaceAttr: scrub}
	if !p.toJournal() {
		return slog.New(slog.NewTextHandler(p.Stderr, o))
	}
	o.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && len(groups) == 0 { // the system's log has its own clock
			return slog.Attr{}
		}
		return scrub(groups, a)
	}
	var h syslogHandler
	for i, priority := range priorities {
		h[i] = slog.NewTextHandler(prefixed{p.Stderr, priority}, o)
	}
	return slog.New(h)
}

// scrub takes passwords out of what others say, such as of addresses in errors.
func scrub(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(secret.Scrub(v))
	case error:
		a.Value = slog.StringValue(secret.Scrub(v.Error()))
	}
	return a
}

// setLevel takes [bus] log, unless a flag says otherwise.
func (p *Env) setLevel(name string) {
	if level, ok := config.Levels[name]; ok && !p.levelFixed {
		p.level.Set(level)
	}
}

// toJournal reports whether standard error is systemd's journal: JOURNAL_STREAM
// names its device and inode (systemd.exec(5)); a program that a service starts
// with other files inherits the variable all the same.
func (p *Env) toJournal() bool {
	f, ok := p.Stderr.(*os.File)
	if !ok || p.Getenv == nil {
		return false
	}
	var s unix.Stat_t
	if unix.Fstat(int(f.Fd()), &s) != nil {
		return false
	}
	return p.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", s.Dev, s.Ino)
}

// priorities are syslog's, of errors, warnings, news and details, as a line's
// prefix (sd-daemon(3)).
var priorities = [...]string{"<3>", "<4>", "<6>", "<7>"}

// A syslogHandler is a handler for each of priorities.
type syslogHandler [len(priorities)]slog.Handler

func (h syslogHandler) of(l slog.Level) slog.Handler {
	switch {
	case l >= slog.LevelError:
		return h[0]
	case l >= slog.LevelWarn:
		return h[1]
	case l >= slog.LevelInfo:
		return h[2]
	}
	return h[3]
}

func (h syslogHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return h.of(l).Enabled(ctx, l)
}

func (h syslogHandler) Handle(ctx context.Context, r slog.Record) error {
	return h.of(r.Level).Handle(ctx, r)
}

func (h syslogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	for i := range h {
		h[i] = h[i].WithAttrs(attrs)
	}
	return h
}

func (h syslogHandler) WithGroup(name string) slog.Handler {
	for i := range h {
		h[i] = h[i].WithGroup(name)
	}
	return h
}

// prefixed puts a priority before each line. What is written is whole lines.
type prefixed struct {
	w        io.Writer
	priority string
}

func (p prefixed) Write(b []byte) (int, error) {
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		out.WriteString(p.priority + line)
	}
	if _, err := io.WriteString(p.w, out.String()); err != nil {
		return 0, err
	}
	return len(b), nil
}
