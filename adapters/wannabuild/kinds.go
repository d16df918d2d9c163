package wannabuild

import (
	"strings"

	"busbar/common/dbrow"
	"busbar/common/event"
)

var (
	queueKind = event.Define("wannabuild.build.queue", "a package is to be built on an architecture",
		func(b Queued) string { return b.what("waits to be built") + because(b.Reason) }, func(b Queued) string { return b.URL })
	blockKind = event.Define("wannabuild.build.block", "a package cannot be built yet: its build dependencies cannot be installed",
		func(b Blocked) string { return b.what("cannot be built") + because(firstLine(b.Problem)) }, func(b Blocked) string { return b.URL })
	takeKind = event.Define("wannabuild.build.take", "a build daemon took a package",
		func(b Package) string { return b.what("is being built") + by(b.Builder) }, packageLink)
	finishKind = event.Define("wannabuild.build.finish", "a package was built and is to be uploaded",
		func(b Package) string { return b.what("was built") + by(b.Builder) }, packageLink)
	attemptKind = event.Define("wannabuild.build.attempt", "a build ended without success; the verdict is pending",
		func(b Package) string { return b.what("was tried without success") + by(b.Builder) }, packageLink)
	uploadKind = event.Define("wannabuild.build.upload", "a built package was uploaded",
		func(b Package) string { return b.what("was uploaded") + by(b.Builder) }, packageLink)
	installKind = event.Define("wannabuild.build.install", "a built package is in the archive",
		func(b Installed) string { return b.what("is in the archive") }, func(b Installed) string { return b.URL })
	waitKind = event.Define("wannabuild.build.wait", "a package waits for others to be built",
		func(b Waiting) string {
			s := b.what("waits")
			if b.Depends != "" {
				s += " for " + shorten(b.Depends)
			}
			return s
		}, func(b Waiting) string { return b.URL })
	failKind = event.Define("wannabuild.build.fail", "a build failure was confirmed",
		func(b Failed) string { return b.what("failed to build") + because(firstLine(b.Reason)) }, func(b Failed) string { return b.URL })
	dropKind = event.Define("wannabuild.build.drop", "a package that had failed is gone from the archive",
		func(b Package) string { return b.what("had failed and is gone from the archive") }, packageLink)
	excludeKind = event.Define("wannabuild.build.exclude", "a package is not for an architecture",
		func(b Excluded) string {
			s := b.what("is not for this architecture")
			if b.Automatic {
				s += because(b.Notes)
			}
			return s
		}, func(b Excluded) string { return b.URL })
	stateKind = event.Define("wannabuild.package.state.update", "a package reached a state that has no kind of its own",
		func(b Package) string { return b.what("is now " + orNothing(b.State)) }, packageLink)

	includeKind = event.Define("wannabuild.build.include", "a package is for an architecture again",
		func(b Package) string { return b.what("is for this architecture again") }, packageLink)
	retryKind = event.Define("wannabuild.build.retry", "a package was given back, to be built again",
		func(b Package) string { return b.what("was given back") + by(b.User) }, packageLink)
	requestKind = event.Define("wannabuild.binnmu.request", "a rebuild of the same source was requested",
		func(b Rebuild) string { return b.what("is to be rebuilt") + because(firstLine(b.Changelog)) }, func(b Rebuild) string { return b.URL })
	cancelKind = event.Define("wannabuild.binnmu.cancel", "a rebuild was cancelled",
		func(b Rebuild) string { return b.what("is not to be rebuilt after all") }, func(b Rebuild) string { return b.URL })
	forgetKind = event.Define("wannabuild.build.forget", "a package left the queue of an architecture",
		func(b Package) string { return b.what("left the queue") }, packageLink)
	updateKind = event.Define("wannabuild.package.update", "something of a package changed without its state: a priority, a note, a text",
		func(b Updated) string {
			return b.what("has a new "+named(b.Field)) + ": " + orNothing(firstLine(b.To)) + " (was " + orNothing(firstLine(b.From)) + ")"
		}, func(b Updated) string { return b.URL })
	recordKind = event.Define("wannabuild.log.record", "a build ended, and its log was read",
		func(b Recorded) string {
			return where(b.Package, b.Version, b.Suite, b.Architecture) + ": the build's result is " + orNothing(b.Result) + by(b.Builder)
		}, func(b Recorded) string { return b.URL })
	replaceKind = event.Define("wannabuild.database.replace", "the queue's database was replaced or went back in time",
		func(b Replaced) string { return "the build queue's database was replaced" + because(b.Why) }, nil)
)

// Kinds is every kind that the build queue yields.
func Kinds() event.Catalog {
	return event.Catalog{
		queueKind, blockKind, takeKind, finishKind, attemptKind, uploadKind, installKind, waitKind, failKind, dropKind,
		excludeKind, stateKind, includeKind, retryKind, requestKind, cancelKind, forgetKind, updateKind, recordKind, replaceKind,
	}
}

func packageLink(b Package) string { return b.URL }

// what is "hello 2.10-3 in sid on arm64 was built".
func (b Package) what(happened string) string {
	return where(b.Package, b.Version, b.Suite, b.Architecture) + " " + happened
}

func where(pkg, version, suite, arch string) string {
	s := orNothing(pkg)
	if version != "" {
		s += " " + version
	}
	return s + " in " + orNothing(suite) + " on " + orNothing(arch)
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func by(who string) string {
	if who == "" {
		return ""
	}
	return " by " + who
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// firstLine keeps a sentence short whatever a text holds.
func firstLine(s string) string {
	first, _, more := strings.Cut(strings.TrimSpace(s), "\n")
	if more {
		first += " …"
	}
	return shorten(first)
}

func shorten(s string) string {
	if short, was := dbrow.Cut(s, 200); was {
		return short + "…"
	}
	return s
}

// named is a column's name for people.
func named(column string) string {
	switch column {
	case "failed":
		return "failure text"
	case "notes":
		return "note"
	case "bd_problem":
		return "dependency problem"
	case "buildpri":
		return "build priority"
	case "permbuildpri":
		return "permanent build priority"
	case "build_arch_all":
		return "setting for architecture-independent packages"
	}
	return strings.ReplaceAll(orNothing(column), "_", " ")
}
