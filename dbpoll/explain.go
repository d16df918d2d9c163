package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/translate"
)

type explainCmd struct {
	JSON  bool     `help:"Print one JSON object a line for each change."`
	Items []string `arg:"" name:"file|id" help:"Files of changed rows in JSON, one or more after another: a row of packages, transactions or pkg_history; {\"before\": …, \"after\": …}; with \"table\": NAME of a configured table. Or ids in the journal. '-' is standard input."`
}

// maxRows bounds what is read of one file.
const maxRows = 256 << 20

// Run shows what each change becomes, as the daemon would do it.
func (c explainCmd) Run(p *program.Env, g *program.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	table, err := cfg.translators()
	if err != nil {
		return err
	}
	var failed error
	for _, arg := range c.Items {
		if _, err := event.IDUUID(arg); err == nil {
			failed = errors.Join(failed, program.ExplainID(context.Background(), p, cfg.Bus.Journal, arg, c.JSON))
			continue
		}
		err := eachRow(p, arg, func(origin string, received time.Time, change any) error {
			x, err := program.Explain(table, translate.Item[any]{Origin: origin, Value: change, Received: received}, cfg.Bus)
			if err != nil {
				return err
			}
			return x.Print(p.Stdout, c.JSON)
		})
		failed = errors.Join(failed, err)
	}
	return failed
}

// eachRow reads the JSON values of a file, one after another.
func eachRow(p *program.Env, path string, visit func(origin string, received time.Time, change any) error) error {
	in, received := io.Reader(p.Stdin), time.Now()
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("explaining: %w", err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return fmt.Errorf("explaining: %w", err)
		}
		in, received = f, info.ModTime()
	}
	dec := json.NewDecoder(io.LimitReader(in, maxRows))
	for n := 1; ; n++ {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) && n > 1 {
			return nil
		}
		if err != nil {
			return &exit.Error{Code: exit.Data, Err: fmt.Errorf("explaining %s: reading change %d: %w", path, n, err)}
		}
		change, err := parseRow(bytes.Clone(raw))
		if err != nil {
			return &exit.Error{Code: exit.Data, Err: fmt.Errorf("explaining %s: change %d: %w", path, n, err)}
		}
		if err := visit(fmt.Sprintf("%s:%d", path, n), received, change); err != nil {
			return err
		}
	}
}
