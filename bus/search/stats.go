package search

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os/signal"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"busbar/bus/ask"
	"busbar/bus/config"
	"busbar/bus/screen"
	"busbar/bus/web"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/show"
)

type statsCommand struct {
	Of      string `help:"Of the last day, week, month or year." enum:"day,week,month,year" default:"week"`
	Topic   string `help:"Only what is under this topic." placeholder:"TOPIC"`
	Package string `help:"Only of this package." placeholder:"NAME"`
	Person  string `help:"Only of this person: a part of the name or address." placeholder:"NAME"`
	By      string `help:"How long each line's time is: hour, day, month or year. Default: as fits." enum:",hour,day,month,year" default:"" placeholder:"TIME"`
	Format  string `help:"text, json, or a chart: braille for any terminal, sixel for those that show pictures." enum:"text,json,braille,sixel" default:"text"`
	Hub     string `help:"Ask the hub at this address." placeholder:"URL"`
	Archive string `help:"Ask this archive. Default: [hub] archive." placeholder:"FILE" type:"path"`
}

// Run counts, and prints.
func (c *statsCommand) Run(p *program.Env, g *program.Globals) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	s, err := c.count(ctx, p, g)
	var said *exit.Error
	if err != nil && !errors.As(err, &said) {
		err = ended(err, 0, 0, "counting")
	}
	if err != nil {
		return err
	}
	return c.print(p.Stdout, s)
}

func (c *statsCommand) count(ctx context.Context, p *program.Env, g *program.Globals) (s web.Statistics, err error) {
	of := map[string]string{"topic": c.Topic, "package": c.Package, "person": c.Person}
	cfg, err := config.Load(p, g)
	if err != nil {
		return s, err
	}
	if c.Hub == "" {
		from, err := openFile(ctx, cmp.Or(c.Archive, cfg.Hub.Archive), cfg.Bus.Prefix, "counting")
		if err != nil {
			return s, err
		}
		defer from.close()
		return web.Count(ctx, from.Reader, cfg.Bus.Prefix, c.Of, of, time.Now())
	}
	if c.Archive != "" {
		return s, &exit.Error{Code: exit.Usage, Err: fmt.Errorf("counting: %w", errBoth)}
	}
	from, err := openHub(c.Hub)
	if err != nil {
		return s, &exit.Error{Code: exit.Usage, Err: fmt.Errorf("counting: %w", err)}
	}
	defer from.close()
	return from.statistics(ctx, c.Of, of)
}

// statistics asks the hub for what web.Count counts.
func (h hub) statistics(ctx context.Context, name string, of map[string]string) (s web.Statistics, err error) {
	args := url.Values{"of": {name}, "format": {"json"}}
	for k, v := range of {
		if v != "" {
			args.Set(k, v)
		}
	}
	text, err := h.Get(ctx, "statistics", args)
	if err != nil {
		return s, refused(err)
	}
	if err := json.Unmarshal(text, &s); err != nil || s.Of != name {
		return s, fmt.Errorf("%w: its answer is no statistics", ask.ErrNoHub)
	}
	return s, nil
}

// Sizes of charts: characters, and pixels.
const (
	chartColumns, chartRows = 72, 8
	chartWide, chartTall    = 720, 120
)

func (c *statsCommand) print(to io.Writer, s web.Statistics) error {
	switch c.Format {
	case "json":
		text, err := json.Marshal(s)
		if err == nil {
			_, err = show.Fprintln(to, show.Clean(show.JSON(text)))
		}
		return err
	case "braille":
		b := s.Bars(2 * chartColumns)
		_, err := fmt.Fprintf(to, "%s%s\n", b.Braille(chartColumns, chartRows), b.Caption()) // numbers and times alone, as with sixels
		return err
	case "sixel":
		b := s.Bars(chartWide)
		_, err := fmt.Fprintf(to, "%s\n%s\n", b.Sixel(chartWide, chartTall), b.Caption())
		return err
	}
	list := []part{{"By " + c.unit(), c.times(s)}}
	if c.alone() {
		list = []part{{"By topic", nil}, {"By publisher", nil}, list[0]}
		for _, t := range s.Topics {
			list[0].lines = append(list[0].lines, line{t.Name, t.Count})
		}
		for _, t := range s.Publishers {
			list[1].lines = append(list[1].lines, line{t.Name, t.Count})
		}
	}
	_, err := fmt.Fprintf(to, "%s messages in the last %s, since %s UTC\n", screen.Count(s.Total), s.Of, s.From.Format("2006-01-02 15:04"))
	for _, p := range list {
		err = errors.Join(err, p.write(to))
	}
	return err
}

// alone says that all there is is counted.
func (c *statsCommand) alone() bool { return c.Topic+c.Package+c.Person == "" }

// unit is how long the time of each line is.
func (c *statsCommand) unit() string {
	return cmp.Or(c.By, map[string]string{"day": "hour", "week": "day", "month": "day", "year": "month"}[c.Of])
}

// A part is one list of the text.
type part struct {
	head  string
	lines []line
}

type line struct {
	name  string
	count int64
}

// times are the counts of each time that has any.
func (c *statsCommand) times(s web.Statistics) (list []line) {
	form := map[string]string{"hour": "2006-01-02 15:00", "day": "2006-01-02", "month": "2006-01", "year": "2006"}[c.unit()]
	for _, h := range s.Hours {
		name := h.Hour.UTC().Format(form)
		if len(list) == 0 || list[len(list)-1].name != name {
			list = append(list, line{name: name})
		}
		list[len(list)-1].count += h.Count
	}
	return list
}

const barWidth = 24

func (p part) write(to io.Writer) error {
	if len(p.lines) == 0 {
		return nil
	}
	var most int64
	wide, digits := 0, 0
	for _, l := range p.lines {
		most = max(most, l.count)
		wide = max(wide, utf8.RuneCountInString(show.Line(l.name)))
		digits = max(digits, len(screen.Count(l.count)))
	}
	_, err := fmt.Fprintf(to, "\n%s\n", p.head)
	for _, l := range p.lines {
		bar := int(max(1, l.count*barWidth/max(1, most)))
		_, lerr := fmt.Fprintf(to, "  %-*s  %*s  %s\n", wide, show.Line(l.name), digits, screen.Count(l.count), strings.Repeat("█", bar))
		err = errors.Join(err, lerr)
	}
	return err
}
