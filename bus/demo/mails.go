package demo

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"busbar/fixtures"
)

type mailFixture struct {
	name string
	raw  []byte
}

// openMails makes a Maildir and a spool, and reads the mails that will come.
func (d *demo) openMails() error {
	for _, dir := range []string{"inbox/new", "inbox/cur", "inbox/tmp", "spool"} {
		if err := os.MkdirAll(d.path(dir), 0o700); err != nil {
			return err
		}
	}
	files, err := fs.Glob(fixtures.Mails, "*/*.mail")
	if err != nil {
		return err
	}
	for _, f := range files {
		if strings.HasPrefix(f, "hostile/") {
			continue
		}
		raw, err := fs.ReadFile(fixtures.Mails, f)
		if err != nil {
			return err
		}
		d.mails = append(d.mails, mailFixture{f, raw})
	}
	return nil
}

// mailTables has mails about one person told, too: those here are invented.
func (d *demo) mailTables() string {
	return fmt.Sprintf("[mail]\nmaildir = [%q]\nspool = %q\nprivate = true\n", d.path("inbox"), d.path("spool"))
}

// feed gives the fixtures to the adapter, by turns into its Maildir and through
// the pipe of a mail system, and at last something that is no mail.
func (d *demo) feed(ctx context.Context) error {
	for i, m := range d.mails {
		if i%2 == 0 {
			if err := d.deliver(i, m.raw); err != nil {
				return err
			}
		} else if err := d.pipe(ctx, m.raw); err != nil {
			return fmt.Errorf("piping %s: %w", m.name, err)
		}
		if err := pause(ctx, d.pace); err != nil {
			return err
		}
	}
	return d.pipe(ctx, bytes.Repeat([]byte{0, 0xff, 0x80, 7}, 64))
}

// deliver puts a mail into the Maildir as a mail system does: written in tmp/,
// moved to new/.
func (d *demo) deliver(i int, raw []byte) error {
	name := fmt.Sprintf("%d.M%06dP%d.demo", time.Now().Unix(), i, os.Getpid())
	tmp := d.path("inbox", "tmp", name)
	if err := os.WriteFile(tmp, raw, 0o600); err != nil {
		return fmt.Errorf("delivering a mail: %w", err)
	}
	return os.Rename(tmp, d.path("inbox", "new", name))
}

func (d *demo) pipe(ctx context.Context, raw []byte) error {
	cmd := exec.CommandContext(ctx, d.adapter("mail2bus").program, "deliver", "--spool", d.path("spool"))
	cmd.Stdin = bytes.NewReader(raw)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}
