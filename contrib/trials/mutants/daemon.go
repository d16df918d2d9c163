package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"busbar/contrib/trials/trial"
)

const config = `[bus]
name = "mutants"
journal = %q
[sign]
backend = "none"
[mail]
maildir = [%q]
poll = "1s"
`

// start starts the real mail2bus.
func start(ctx context.Context, s *trial.Site, maildir trial.Maildir) (*trial.Victim, error) {
	if err := trial.Build(ctx, s.Dir, "mail2bus"); err != nil {
		return nil, err
	}
	if err := errors.Join(maildir.Make(), s.Configure("mail2bus", config, s.Path("journal.db"), maildir)); err != nil {
		return nil, err
	}
	d := s.Daemon("mail2bus", "run")
	return d, d.Start()
}

// drain waits until new/ is empty.
func drain(ctx context.Context, d *trial.Victim, maildir trial.Maildir) error {
	return trial.Await(ctx, "the mails in new/", time.Hour, func() (bool, error) {
		left, err := maildir.Waiting()
		if left > 0 && d.Ended() {
			err = fmt.Errorf("mail2bus died, with %d mails in new/", left)
		}
		return left == 0, err
	})
}
