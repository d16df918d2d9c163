package debbugs

import (
	"slices"
	"strings"
)

// knownTags are those that debbugs takes, beside the names of releases.
const knownTags = " patch wontfix moreinfo unreproducible help security upstream pending confirmed ipv6 lfs d-i l10n newcomer " +
	"a11y ftbfs fixed-upstream fixed fixed-in-experimental potato woody sarge etch lenny squeeze wheezy jessie stretch buster " +
	"bullseye bookworm trixie forky duke sid experimental "

// bare is a bug of which only the tracker's record is known: what a
// debbugs.bug.create says is taken from there, all else is as of a new bug.
func bare(now Status) Status {
	return Status{Bug: now.Bug, Packages: now.Packages, Source: now.Source, Title: now.Title, Submitter: now.Submitter,
		MessageID: now.MessageID, Date: now.Date, Severity: now.Severity, Tags: now.Tags}
}

// initial is the bug as the event about its report tells it, which is what the
// report made of it (debbugs: scripts/process) but for an owner and where it is
// forwarded to: these are told on their own.
// now helps where debbugs rewrites: a version becomes source/version, and a
// title is decoded in its own ways.
func initial(r read, now Status, retitled bool) Status {
	p := pseudoHeaders(r.mail.Text()).also(r.mail.Header, "package", "source", "version", "severity", "tags")
	was := bare(now)
	was.Severity = p.severity()
	if was.Severity == "" {
		was.Severity = defaultSeverity
	}
	if filed := unsorted(p["source"], "src:"); len(filed) > 0 {
		was.Packages = filed
	} else if filed := unsorted(p["package"], ""); len(filed) > 0 {
		was.Packages = filed
	}
	was.Tags = nil
	for _, name := range []string{"keywords", "tags", "tag"} {
		if was.Tags != nil {
			break
		}
		for _, tag := range list(p[name]) {
			if slices.Contains(now.Tags, tag) || strings.Contains(knownTags, " "+strings.TrimSuffix(tag, "-ignore")+" ") {
				was.Tags = append(was.Tags, tag)
			}
		}
	}
	if v := p.version("version"); v != "" {
		was.Found = []string{v}
		for _, have := range now.Found {
			if strings.HasSuffix("/"+have, "/"+v) {
				was.Found = []string{have}
			}
		}
	}
	if retitled {
		was.Title = r.title()
	}
	was.Submitter = r.mail.Header.Get("From")
	if to := r.mail.Header.Get("Reply-To"); to != "" {
		was.Submitter = to
	}
	return was
}

const defaultSeverity = "normal"

// list splits a pseudo-header of names, sorted, each once.
func list(s string) []string { return slices.Sorted(slices.Values(unsorted(s, ""))) }

// unsorted leaves the names as they stand.
func unsorted(s, prefix string) []string {
	var names []string
	for _, w := range words(strings.ToLower(s)) {
		names = append(names, prefix+strings.TrimPrefix(w, prefix))
	}
	return names
}
