package config

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// EtcVariable names the folder of the configuration, instead of Dir.
	EtcVariable = "BUSBAR_ETC"
	// spoolVariable tells scmhook's hooks their spool; a daemon that a hook's
	// user starts may have it.
	spoolVariable = "BUSBAR_SCM_SPOOL"
)

// sections are the tables of all programs: a machine's environment may set the
// keys of several.
var sections = append([]string{"bus", "sign", "lines", "push", "canary", "mail", "scm", "webhook", "db", "soap"}, daemons...)

// unknownVariable finds a variable that is meant for us and has no key: it would
// be without any effect. Those of tables that other programs have are theirs to
// judge.
func unknownVariable(environ []string, keys []Key) error {
	known := map[string]Key{}
	ours := map[string]bool{}
	for _, k := range keys {
		section, _, _ := strings.Cut(k.Path, ".")
		ours[strings.ToUpper(section)] = true
		known[k.variable()] = k
	}
	for _, assignment := range environ {
		name, _, _ := strings.Cut(assignment, "=")
		rest, busbar := strings.CutPrefix(name, "BUSBAR_")
		if !busbar || name == EtcVariable || name == spoolVariable {
			continue
		}
		if k, ok := known[name]; ok {
			if k.Env() == "" {
				return fmt.Errorf("reading %s from the environment: %s can only be set in a file", name, k.Path)
			}
			continue
		}
		section, _, _ := strings.Cut(rest, "_")
		if !ours[section] && slices.Contains(sections, strings.ToLower(section)) {
			continue
		}
		return fmt.Errorf("reading the environment: no key has the variable %s%s", name, nearest(name, known))
	}
	return nil
}

// variable is what a key's variable is called, or would be.
func (k Key) variable() string {
	return "BUSBAR_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(k.Path))
}

func nearest(name string, known map[string]Key) string {
	best, distance := "", len(name)/2+2
	for other, k := range known {
		if d := EditDistance(name, other); k.Env() != "" && (d < distance || d == distance && other < best) {
			best, distance = other, d
		}
	}
	if best == "" {
		return " (the reference page lists all)"
	}
	return "; did you mean " + best + "?"
}
