package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"
	"time"

	"busbar/fixtures"
	"busbar/fixtures/bugtracker"
)

// life is the package whose life the demo tells across all services: it is pushed,
// reported, uploaded, built, and its bug is closed by the upload.
const life = "busbar-tea"

// lifeRepository is where its source is.
func lifeRepository() []string {
	return []string{
		"git init -q --bare git/busbar-tea.git",
		"git init -q tea",
		"git -C tea remote add origin {}/git/busbar-tea.git",
		"git -C tea commit -q --allow-empty -m Let_it_draw_for_five_minutes",
		"git -C tea tag debian/1.0-1",
	}
}

// begins has the first steps happen, one after another: what follows is in the stories
// of the services.
func (d *demo) begins(ctx context.Context) error {
	steps := []func() error{
		func() error { return d.pipe(ctx, d.tracker.lifeMail) },
		func() error {
			if d.absent["scm.tag.create"] != "" {
				return nil
			}
			return d.commands(ctx, d.pace, []string{"git -C tea push -q origin HEAD:refs/heads/main debian/1.0-1"})
		},
		func() error { return d.uploadLife(ctx) },
		func() error { d.tracker.closeLife(); return nil },
	}
	for _, step := range steps {
		if err := errors.Join(step(), pause(ctx, d.pace)); err != nil {
			return err
		}
	}
	return nil
}

// uploadLife has the archive announce the upload: the mail of the fixtures, of this
// package and of today.
func (d *demo) uploadLife(ctx context.Context) error {
	raw, err := fs.ReadFile(fixtures.Mails, "dak/announced.mail")
	if err != nil {
		return err
	}
	header, body, _ := strings.Cut(string(raw), "\n\n")
	of := strings.NewReplacer("teapot", life, "3.1-2", "1.0-1", "812001 812003", fmt.Sprint(d.tracker.life), "Closes: #812001", fmt.Sprint("Closes: #", d.tracker.life),
		" (Closes: #812003)", "", "Mon, 02 Mar 2026 08:31:07 +0000", time.Now().UTC().Format(time.RFC1123Z), "E1fx001-00FIX-Ex", "E1demo1-00TEA-Aa")
	return d.pipe(ctx, []byte(of.Replace(header)+"\n\n"+of.Replace(body)))
}

// reportLife reports the package's bug, before soapbus looks: that one is told by mail,
// and all that becomes of it by SOAP.
func (t *bugTracker) reportLife() {
	t.life = t.Report(bugtracker.Report{Package: life, Version: "0.9-1", Letter: t.letter(life+": too bitter", "It draws for too long.\n")})
}

func (t *bugTracker) closeLife() {
	t.Mail(t.life, "done", t.letter("fixed in 1.0-1", "We believe that it is fixed.\n"))
}

// tell prints the package's life as the hub's archive has it.
func (d *demo) tell(ctx context.Context, address string) error {
	args := []string{"trace", life, "--config", d.path("bus.toml"), "--hub", address, "--color", "never"}
	out, err := exec.CommandContext(ctx, d.hub.program, args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	if err != nil {
		return fmt.Errorf("tracing %s: %w", life, err)
	}
	d.say("\nThe life of one package across all services, and what followed from what (←): bus trace %s --hub %s", life, address)
	for line := range strings.Lines(string(out)) {
		line, _, _ = strings.Cut(strings.TrimRight(line, "\n"), "  https://")
		d.say("    %s", line)
	}
	return nil
}
