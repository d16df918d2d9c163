package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"busbar/common/journal"
	"busbar/common/show"
)

// A Finding is one thing that `check` looked at.
type Finding struct {
	What string `json:"what"`
	// Level is "ok", "warn" or "fail".
	Level  string `json:"level"`
	Detail string `json:"detail"`
}

// Found makes a finding of an error: fail, or ok with the detail.
func Found(what string, err error, detail string) Finding {
	if err != nil {
		return Finding{what, "fail", err.Error()}
	}
	return Finding{what, "ok", detail}
}

// CheckBus looks at what every adapter needs: keys, journal, endpoints.
func CheckBus(ctx context.Context, bus BusConfig, sc SignConfig) []Finding {
	findings := []Finding{checkSigner(sc)}
	running := false
	f := Finding{"journal", "ok", bus.Journal}
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
		f = Finding{"journal", "fail", err.Error()}
	}
	findings = append(findings, f)
	for _, e := range bus.Publish {
		findings = append(findings, checkEndpoint(e, running))
	}
	if len(bus.Publish) == 0 {
		findings = append(findings, Finding{"endpoint", "warn", "[bus] publish is empty: nothing leaves the journal"})
	}
	if bus.Metrics != "" {
		f := checkEndpoint("tcp://"+bus.Metrics, running)
		f.What = "metrics"
		if f.Level == "fail" {
			f.Level = "warn" // the daemon runs without, and says so
		}
		findings = append(findings, f)
	}
	return findings
}

func checkSigner(sc SignConfig) Finding {
	signer, err := sc.Signer()
	switch {
	case err != nil:
		return Finding{"signing", "fail", err.Error()}
	case signer == nil:
		return Finding{"signing", "warn", "backend is none: subscribers cannot tell our messages from forged ones"}
	case time.Until(signer.NotAfter()) < 30*24*time.Hour:
		return Finding{"signing", "warn", fmt.Sprintf("the certificate of %s expires on %s", signer.Name(), signer.NotAfter().Format(time.DateOnly))}
	}
	return Finding{"signing", "ok", fmt.Sprintf("as %s until %s", signer.Name(), signer.NotAfter().Format(time.DateOnly))}
}

func checkNewJournal(path string) Finding {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".check-*")
	if err != nil {
		return Finding{"journal", "fail", fmt.Sprintf("%s is not there and cannot be made: %v (make the directory %s, owned by the user that the daemon runs as)", path, err, dir)}
	}
	f.Close()
	os.Remove(f.Name())
	return Finding{"journal", "ok", path + " (not there; the daemon makes it at its first start)"}
}

func checkEndpoint(endpoint string, running bool) Finding {
	addr := strings.Replace(strings.TrimPrefix(endpoint, "tcp://"), "*", "", 1)
	l, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		l.Close()
		if running && !strings.HasSuffix(endpoint, ":0") {
			return Finding{"endpoint", "warn", endpoint + " is free though the daemon runs: it publishes elsewhere, or not (see its log)"}
		}
		return Finding{"endpoint", "ok", endpoint + " is free"}
	case running:
		return Finding{"endpoint", "ok", endpoint + " is taken, presumably by the daemon that runs"}
	}
	return Finding{"endpoint", "fail", fmt.Sprintf("%s: %v (look who holds it with: ss -ltnp)", endpoint, err)}
}

// PrintFindings writes them and returns an error if one of them failed.
func PrintFindings(p *Program, findings []Finding, asJSON bool) error {
	failed := 0
	for _, f := range findings {
		if f.Level == "fail" {
			failed++
		}
		if asJSON {
			if err := printJSON(p.Stdout, f); err != nil {
				return err
			}
			continue
		}
		show.Fprintf(p.Stdout, "%-5s %-14s %s\n", f.Level, f.What, f.Detail)
	}
	if failed > 0 {
		return &ExitError{ExitConfig, fmt.Errorf("checking: %d of %d checks failed", failed, len(findings))}
	}
	return nil
}
