package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"busbar/common/program"
	"busbar/mail2bus/maildir"
)

type checkCmd struct {
	JSON bool `help:"Print one JSON object a line."`
}

// Run is the doctor.
func (c checkCmd) Run(p *program.Env, g *program.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return errors.Join(program.PrintFindings(p, []program.Finding{program.Found("configuration", err, "")}, c.JSON), err)
	}
	findings := []program.Finding{{What: "configuration", Level: "ok", Detail: fmt.Sprintf("%s.%s.… as %s", cfg.Bus.Prefix, cfg.Bus.Environment, cfg.Bus.Name)}}
	findings = append(findings, program.CheckBus(context.Background(), p.Name, cfg.Bus, cfg.Sign, cfg.Mail.places()...)...)
	for _, dir := range cfg.Mail.Maildir {
		findings = append(findings, checkPlace("maildir", dir))
	}
	if cfg.Mail.Spool != "" {
		findings = append(findings, checkPlace("spool", cfg.Mail.Spool))
	}
	if len(cfg.Mail.places()) == 0 {
		findings = append(findings, program.Finding{What: "mail", Level: "fail", Detail: "neither [mail] maildir nor [mail] spool is set, so no mail can come"})
	}
	return program.PrintFindings(p, findings, c.JSON)
}

func checkPlace(what, dir string) program.Finding {
	err := maildir.Writable(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && what == "spool":
		return program.Finding{What: what, Level: "warn", Detail: dir + " is not there; the daemon makes it when it starts, and nothing can be delivered before"}
	case errors.Is(err, fs.ErrNotExist):
		return program.Finding{What: what, Level: "fail", Detail: err.Error() + " (make it with `maildirmake`, or correct [mail] maildir)"}
	case err != nil:
		return program.Finding{What: what, Level: "fail", Detail: err.Error() + " (the daemon must read and write there)"}
	}
	if err := maildir.IsMaildir(dir, what == "spool"); err != nil {
		return program.Found(what, err, "")
	}
	n, err := waiting(dir)
	if err == nil && n > 0 {
		const most = 10000
		if bad, one, err := maildir.Unreadable(dir, most); err == nil && bad > 0 {
			return program.Found(what, fmt.Errorf("%d of %d mails that wait cannot be read, such as: %w", bad, n, one), "")
		}
	}
	return program.Found(what, err, fmt.Sprintf("%s, %d mails waiting", dir, n))
}

// waiting counts the mails that the daemon has not taken. Where it has never
// run, new/ may be missing.
func waiting(dir string) (int, error) {
	n, err := maildir.Waiting(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return n, err
}

type statusCmd struct {
	JSON bool `help:"Print JSON."`
}

// Run prints what the journal knows.
func (c statusCmd) Run(p *program.Env, g *program.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	var unread error
	for _, dir := range cfg.Mail.places() {
		n, err := waiting(dir)
		if err != nil { // what can be said is, whatever else is wrong
			unread = errors.Join(unread, fmt.Errorf("counting waiting mails: %w", err))
			continue
		}
		counts[dir] = n
	}
	s, err := program.ReadStatus(context.Background(), p.Name, cfg.Bus, cfg.Sign, counts)
	if err != nil {
		return err
	}
	return errors.Join(s.Print(p.Stdout, c.JSON), unread)
}
