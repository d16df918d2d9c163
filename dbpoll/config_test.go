package main

import (
	"strings"
	"testing"

	"busbar/common/programtest"
	"busbar/dbpoll/database"
)

// TestWrongConfigurations are reported with what to do about them, before any
// database is asked.
func TestWrongConfigurations(t *testing.T) {
	table := "[[table]]\nname = \"popcon\"\nkey = [\"package\"]\ntopic = \"udd.popcon\"\n"
	for text, want := range map[string]string{
		"[db]\nurl = \"sqlite:x\"\npreset = \"wannabuild\"\n":    "known: wanna-build",
		"[db]\ntimezone = \"Mars/Olympus\"\n":                    "such as UTC",
		"[db]\ninterval = \"5ms\"\n":                             "[db] interval: 5ms is less than 1s",
		"[db]\ninterval = \"soon\"\n":                            "number with a unit",
		"[db]\nstatement_timeout = \"0s\"\n":                     "statement_timeout",
		"[db]\nmost = 0\n":                                       "[db] most",
		"[db]\ninterwal = \"5s\"\n":                              `did you mean "db.interval"?`,
		"[[table]]\nname = \"popcon\"\ntopic = \"udd.popcon\"\n": "key names no columns",
		strings.Replace(table, "udd.popcon", "Popcon", 1):        "topic",
		table + "sentence = \"{{.package\"\n":                    "no template",
		table + "watched = [\"insts\"]\n":                        `did you mean "table.watch"?`,
		table + table:                                            "described twice",
		"[bus]\nmetrics = \"9470\"\n[db]\nurl = \"sqlite:x\"\npreset = \"wanna-build\"\n": "[bus] metrics",
		"[sign]\nbackend = \"none\"\n":                                                       "neither [db] preset nor any [[table]]",
		"[sign]\nbackend = \"none\"\n[db]\npreset = \"wanna-build\"\n":                       "[db] url is not set",
		"[sign]\nbackend = \"none\"\n[db]\nurl = \"file:/none\"\npreset = \"wanna-build\"\n": "reading the database's url",
		table + "url = \"\"\n":                                                               "[db] url is not set",
		"[db]\nurl = \"sqlite:x\"\n" + table + "[[table]]\nname = \"b\"\n":                   "table b",
		"[db]\nurl = \"sqlite:x\"\n[table]\nname = \"b\"\n":                                  "table",
		"[db]\nurl = \"sqlite:x\"\npreset = \"wanna-build\"\narchitectures = \"amd64\"\n":    "architectures",
		"[db]\nurl = \"sqlite:x\"\npreset = \"wanna-build\"\nlock_timeout = \"-1s\"\n":       "lock_timeout",
	} {
		exit, _, stderr := programtest.Run("dbpoll", run, strings.NewReader(""), "--config", write(t, "dbpoll.toml", text, 0o600), "poll")
		if exit != 78 || !strings.Contains(stderr, want) {
			t.Errorf("%q exits with %d and says %q, want %q", text, exit, stderr, want)
		}
	}
}

func TestAddressFromAFile(t *testing.T) {
	for text, want := range map[string]string{
		"# ours\n\n  sqlite:/x  \nrest\n": "sqlite:/x",
		"service=wb":                      "service=wb",
	} {
		got, err := database.Address("file:" + write(t, "url", text, 0o600))
		if err != nil || got != want {
			t.Errorf("%q gives %q, %v", text, got, err)
		}
	}
	if _, err := database.Address("file:" + write(t, "url", "# nothing\n", 0o600)); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("an empty file gives %v", err)
	}
}
