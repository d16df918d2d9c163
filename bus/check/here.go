package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"busbar/bus/config"
	"busbar/bus/survey"
	"busbar/common/archive"
	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/program"
)

// checkJournals looks at the journals of this machine: that they can be read, that
// their newest messages follow each other, that they have their write-ahead logs, and
// what who writes them says of itself.
func checkJournals(ctx context.Context, files []string) []program.Finding {
	broken := map[string]error{}
	for _, file := range files { // first: SQLite makes again what is missing of the files
		if err := journal.CheckFiles(file); err != nil && !errors.Is(err, fs.ErrPermission) {
			broken[file] = err
		}
	}
	var list []program.Finding
	for _, j := range survey.ReadJournals(ctx, files) {
		findings := j.Findings()
		if err := broken[j.File]; err != nil {
			findings = append(findings, program.Found("journal", err, ""))
		}
		for _, f := range findings {
			f.What, f.Detail = "journal", j.File+": "+f.Detail
			list = append(list, f)
		}
		if len(findings) > 0 {
			continue
		}
		list = append(list, program.Found("journal", nil, fmt.Sprintf("%s: %s, messages up to %d, of which the newest follow each other; process %d writes it", j.File, j.Publisher, j.Newest, j.Process)))
	}
	return list
}

// checkHubs looks at the hubs that are asked, and at the archive of this machine's.
func checkHubs(ctx context.Context, places []survey.Place, c config.Hub) []program.Finding {
	var list []program.Finding
	if err := c.Complete(); err != nil {
		return []program.Finding{program.Found("hub", err, "")}
	}
	_, err := os.Stat(c.Archive)
	here := !errors.Is(err, fs.ErrNotExist)
	for _, place := range places {
		h := place.Ask(ctx)
		if h.Absent {
			if here {
				list = append(list, program.Finding{What: "hub", Level: "warn", Detail: "none answers at " + h.URL + ", though there is an archive, " + c.Archive + " (start bus hub, or move the archive away)"})
			}
			continue
		}
		findings := h.Findings(h.Asked)
		for _, f := range findings {
			f.What, f.Detail = "hub", h.URL+": "+f.Detail
			list = append(list, f)
		}
		if len(findings) == 0 {
			list = append(list, program.Found("hub", nil, fmt.Sprintf("%s: publishers: %d, arrivals: %d, said and not there yet: %d", h.URL, len(h.Publishers), h.Archive.Newest, h.Lag())))
		}
	}
	if here {
		list = append(list, checkArchive(ctx, c.Archive)...)
	}
	return list
}

// checkForwards looks at each bus forward that is asked.
func checkForwards(ctx context.Context, places []string) []program.Finding {
	var list []program.Finding
	for _, place := range places {
		f := survey.AskForward(ctx, place)
		findings := f.Findings()
		for _, found := range findings {
			found.What, found.Detail = "forward", f.Name()+": "+found.Detail
			list = append(list, found)
		}
		if len(findings) == 0 {
			list = append(list, program.Found("forward", nil, fmt.Sprintf("%s: into %s of %s; forwarded: %d, under way: %d, refused there: %d", f.URL, f.Stream.Stream, f.Stream.Server, f.Forwarded, f.Waiting, f.Missed)))
		}
	}
	return list
}

// checkNotifies looks at each bus notify that is asked.
func checkNotifies(ctx context.Context, places []string) []program.Finding {
	var list []program.Finding
	for _, place := range places {
		n := survey.AskNotify(ctx, place)
		findings := n.Findings()
		for _, found := range findings {
			found.What, found.Detail = "notify", n.Name()+": "+found.Detail
			list = append(list, found)
		}
		if len(findings) == 0 {
			waiting, sent, dead := n.Totals()
			list = append(list, program.Found("notify", nil, fmt.Sprintf("%s: people: %d, rules: %d; notes sent: %d, waiting: %d, not sent: %d", n.URL, n.People, n.Rules, sent, waiting, dead)))
		}
	}
	return list
}

// checkArchive looks at the archive's file.
func checkArchive(ctx context.Context, file string) []program.Finding {
	f := program.Finding{What: "archive", Level: "ok"}
	r, err := archive.OpenReader(ctx, file)
	if err == nil {
		var base, newest int64
		base, newest, err = r.Range(ctx)
		f.Detail = fmt.Sprintf("%s: arrivals %d to %d", file, base+1, newest)
		err = errors.Join(err, r.Close())
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		f.Level, f.Detail = "warn", file+" is not for this user to read (run as the hub's user)"
	case err != nil:
		f = program.Found("archive", fmt.Errorf("%w (stop the hub and look at the file; a new one is filled from what publishers keep)", err), "")
	}
	list := []program.Finding{f}
	for _, c := range node.Disks(filepath.Dir(file)) {
		list = append(list, survey.OfCondition("archive", c))
	}
	return list
}
