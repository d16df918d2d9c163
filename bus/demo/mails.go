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

func loadMails() ([]mailFixture, error) {
	files, err := fs.Glob(fixtures.Mails, "*/*.mail")
	if err != nil {
		return nil, err
	}
	var mails []mailFixture
	for _, f := range files {
		if strings.HasPrefix(f, "hostile/") {
			continue
		}
		raw, err := fs.ReadFile(fixtures.Mails, f)
		if err != nil {
			return nil, err
		}
		mails = append(mails, mailFixture{f, raw})
	}
	return mails, nil
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
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d.pace):
		}
	}
	return d.pipe(ctx, bytes.Repeat([]byte{0, 0xff, 0x80, 7}, 64))
}

// deliver puts a mail into the Maildir as a mail system does: written in tmp/,
// moved to new/.
func (d *demo) deliver(i int, raw []byte) error {
	name := fmt.Sprintf("%d.M%06dP%d.demo", time.Now().Unix(), i, os.Getpid())
	tmp := d.path("maildir", "tmp", name)
	if err := os.WriteFile(tmp, raw, 0o600); err != nil {
		return fmt.Errorf("delivering a mail: %w", err)
	}
	return os.Rename(tmp, d.path("maildir", "new", name))
}

func (d *demo) pipe(ctx context.Context, raw []byte) error {
	cmd := exec.CommandContext(ctx, d.adapters[0].program, "deliver", "--spool", d.path("spool"))
	cmd.Stdin = bytes.NewReader(raw)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}
