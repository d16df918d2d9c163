package program

import (
	"busbar/common/event"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"busbar/common/config"
	"busbar/common/exit"
	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/secret"
	"busbar/common/show"
)

// A Finding is one thing that `check` looked at.
type Finding struct {
	What string `json:"what"`
	// Level is "ok", "warn" or "fail".
	Level  string `json:"level"`
	Detail string `json:"detail"`

	code int // exit code of a failure; 0: ExitConfig
}

// Found makes a finding of an error: fail, or ok with the detail.
func Found(what string, err error, detail string) Finding {
	if err != nil {
		return Finding{what, "fail", err.Error(), exit.Code(err, exit.Config)}
	}
	return Finding{What: what, Level: "ok", Detail: detail}
}

// Away makes a finding of a failure that may pass without any change here, such
// as of a server that does not answer.
func Away(what string, err error) Finding {
	return Finding{what, "fail", err.Error(), exit.TempFail}
}

// checkState is what the running daemon says, or where none runs, what can be
// seen without it.
func checkState(ctx context.Context, o node.Outlook) []Finding {
	list, running, err := o.State(ctx)
	var findings []Finding
	if err != nil {
		findings = append(findings, Finding{"daemon", "warn", err.Error(), 0})
	} else if running == nil && os.Geteuid() == 0 {
		if uid, ok := ownerOf(filepath.Dir(o.Bus.Journal)); ok && uid != 0 {
			findings = append(findings, Finding{"user", "warn", fmt.Sprintf(
				"root may read everything, user %d, who owns the journal, may not: check as that user (setpriv --reuid=%d --clear-groups %s check)", uid, uid, o.Program), 0})
		}
	}
	for _, c := range list {
		f := Finding{c.Name, string(c.Level), c.Text, exit.TempFail}
		if !c.Since.IsZero() { // a look at the moment knows no more
			f.Detail += ", since " + event.Stamp(c.Since)
		}
		if c.Hint != "" {
			f.Detail += " (" + c.Hint + ")"
		}
		findings = append(findings, f)
	}
	return findings
}

// checkSecrets is Exposed for check.
func checkSecrets(what string, files ...string) []Finding {
	var list []Finding
	for _, c := range node.Exposed(what, files...) {
		list = append(list, Finding{What: c.Name, Level: string(c.Level), Detail: c.Text + " (" + c.Hint + ")"})
	}
	return list
}

func ownerOf(path string) (uint32, bool) {
	var s unix.Stat_t
	if unix.Stat(path, &s) != nil {
		return 0, false
	}
	return s.Uid, true
}

// checkBus looks at what every adapter needs (keys, journal, endpoints), and at
// the program's conditions; places are directories that must not fill up.
func checkBus(ctx context.Context, program string, bus config.Bus, sc config.Sign, places ...string) []Finding {
	findings := []Finding{checkSigner(sc)}
	running := false
	f := Finding{What: "journal", Level: "ok", Detail: bus.Journal}
	r, err := journal.OpenReader(ctx, bus.Journal)
	switch {
	case err == nil:
		r.Close()
		running = journal.InUse(bus.Journal)
		if running {
			f.Detail += " (in use: the daemon runs)"
		}
	case errors.Is(err, journal.ErrMissing):
		f = checkNewJournal(bus.Journal)
	default:
		f = Found("journal", err, "")
	}
	findings = append(findings, f)
	for _, e := range bus.Publish {
		findings = append(findings, checkEndpoint(e, running))
	}
	if len(bus.Publish) == 0 {
		findings = append(findings, Finding{What: "endpoint", Level: "warn", Detail: "[bus] publish is empty: no subscriber gets anything"})
	}
	for _, e := range bus.Replay {
		f := checkEndpoint(e, running)
		f.What = "replay"
		if f.Level == "fail" {
			f.Level = "warn" // it is answered where messages are published
		}
		findings = append(findings, f)
	}
	if bus.Metrics != "" {
		f := checkEndpoint("tcp://"+bus.Metrics, running)
		f.What = "metrics"
		if f.Level == "fail" {
			f.Level = "warn" // the daemon runs without, and says so
		}
		findings = append(findings, f)
	}
	return append(findings, checkState(ctx, node.Outlook{Program: program, Bus: bus, Sign: sc, Places: places})...)
}

func checkSigner(sc config.Sign) Finding {
	signer, err := sc.Signer()
	switch {
	case err != nil:
		return Finding{"signing", "fail", err.Error(), exit.Config}
	case signer == nil:
		return Finding{What: "signing", Level: "warn", Detail: "backend is none: subscribers cannot distinguish our messages from forged ones"}
	}
	return Finding{What: "signing", Level: "ok", Detail: fmt.Sprintf("as %s until %s", signer.Name(), signer.NotAfter().Format(time.DateOnly))}
}

func checkNewJournal(path string) Finding {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".check-*")
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) == config.StateDir {
		return Finding{What: "journal", Level: "warn", Detail: fmt.Sprintf("%s is not there yet: the systemd unit makes it at its first start; without the unit make the directory, owned by the user that the daemon runs as", dir)}
	}
	if err != nil {
		if path, ok := errors.AsType[*fs.PathError](err); ok {
			err = path.Err // the name was drawn by chance
		}
		return Found("journal", fmt.Errorf("%s is not there and cannot be made: %w (make the directory %s, owned by the user that the daemon runs as)", path, err, dir), "")
	}
	f.Close()
	os.Remove(f.Name())
	return Finding{What: "journal", Level: "ok", Detail: path + " (not there; the daemon makes it at its first start)"}
}

func checkEndpoint(endpoint string, running bool) Finding {
	addr := strings.Replace(strings.TrimPrefix(endpoint, "tcp://"), "*", "", 1)
	l, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		l.Close()
		if running && !strings.HasSuffix(endpoint, ":0") {
			return Finding{What: "endpoint", Level: "warn", Detail: endpoint + " is free though the daemon runs: it publishes elsewhere, or not (see its log)"}
		}
		return Finding{What: "endpoint", Level: "ok", Detail: endpoint + " is free"}
	case running:
		return Finding{What: "endpoint", Level: "ok", Detail: endpoint + " is taken, presumably by the daemon that runs"}
	}
	// Another program has it: that stays so until somebody acts.
	return Finding{"endpoint", "fail", fmt.Sprintf("%s: %v (look who holds it with: ss -ltnp)", endpoint, err), exit.Config}
}

// PrintFindings writes them and returns an error if one of them failed (see Failed).
func PrintFindings(p *Env, findings []Finding, asJSON bool) error {
	shown := map[string]bool{} // a file that a running daemon speaks of, too
	for _, f := range findings {
		if strings.HasPrefix(f.What, "secret ") && shown[f.What] {
			continue
		}
		shown[f.What] = true
		f.What, f.Detail = show.OneLine(f.What), secret.Scrub(show.OneLine(f.Detail))
		if asJSON {
			if err := PrintJSON(p.Stdout, f); err != nil {
				return err
			}
			continue
		}
		show.Fprintf(p.Stdout, "%-5s %-14s %s\n", f.Level, f.What, f.Detail)
	}
	return Failed(findings)
}

// Failed is an error if one of the findings is a failure: with the exit code for what
// stays wrong, or if all may pass, for that.
func Failed(findings []Finding) error {
	failed, code := 0, exit.TempFail
	for _, f := range findings {
		if f.Level == "fail" {
			failed++
			if f.code != exit.TempFail {
				code = exit.Config
			}
		}
	}
	if failed > 0 {
		return &exit.Error{Code: code, Err: fmt.Errorf("checking: %d of %d checks failed", failed, len(findings))}
	}
	return nil
}
