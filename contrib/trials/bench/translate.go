package main

import (
	"context"
	"fmt"
	"io/fs"
	"runtime"
	"time"

	"busbar/adapters/dak"
	"busbar/adapters/debbugs"
	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/fixtures"
)

// translate measures parsing and translating, on one core, over the fixtures of
// each service.
func (b *bench) translate(ctx context.Context) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	table := []translate.Translator[*mail.Message]{debbugs.Translator(), dak.Translator(dak.Options{})}
	for _, service := range []string{"debbugs", "dak"} {
		mails, err := load(service)
		if err != nil {
			return err
		}
		count, events, bytes := 0, 0, 0
		began := time.Now()
		for time.Since(began) < b.each && ctx.Err() == nil {
			for _, raw := range mails {
				m := mail.Parse(raw, mail.Limits{})
				out, err := translate.Run(table, translate.Item[*mail.Message]{Origin: "bench", Value: m, Received: began})
				if err != nil {
					return fmt.Errorf("translating a fixture of %s: %w", service, err)
				}
				count, events, bytes = count+1, events+len(out.Events), bytes+len(raw)
			}
		}
		s := time.Since(began).Seconds()
		line("mail -> events, one core, "+service+" fixtures", "%.0f mails/s, %.0f events/s (%d bytes a mail)",
			float64(count)/s, float64(events)/s, bytes/count)
	}
	return ctx.Err()
}

func load(service string) ([][]byte, error) {
	files, err := fs.Glob(fixtures.Mails, service+"/*.mail")
	if err != nil {
		return nil, err
	}
	var mails [][]byte
	for _, f := range files {
		raw, err := fs.ReadFile(fixtures.Mails, f)
		if err != nil {
			return nil, err
		}
		mails = append(mails, raw)
	}
	if len(mails) == 0 {
		return nil, fmt.Errorf("there are no fixtures of %s", service)
	}
	return mails, nil
}
