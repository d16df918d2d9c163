package main

import (
	"errors"
	"fmt"
	"io/fs"

	"busbar/common/program"
	"busbar/mail2bus/maildir"
)

// checkPlace says whether a Maildir, or the spool, can be read.
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
		if bad, one, err := maildir.Unreadable(dir, "new", most); err == nil && bad > 0 {
			return program.Found(what, fmt.Errorf("%d of %d mails that wait cannot be read, such as: %w", bad, n, one), "")
		}
	}
	// Where none waits, those that came before tell how they are written.
	if bad, one, berr := maildir.Unreadable(dir, "cur", 100); berr == nil && bad > 0 && n == 0 {
		return program.Finding{What: what, Level: "warn", Detail: fmt.Sprintf("%s, 0 mails waiting; mails that came before cannot be read, so that those to come may be as bad: %v", dir, one)}
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
