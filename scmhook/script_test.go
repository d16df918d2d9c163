package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/common/programtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"scmhook": main})
}

// TestScripts runs the real program with real git, svn and hg. Beside
// [programtest.Scripts]' commands there is:
//
//	told                    compare refs, and print what is new in the journal
func TestScripts(t *testing.T) {
	programtest.Scripts{
		Program: "scmhook", Ports: []string{"PORT"}, Commands: map[string]programtest.Command{"told": news},
		Setup: func(env *testscript.Env) error {
			for name, value := range map[string]string{
				"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "HGRCPATH": "/dev/null", "HGUSER": "nora",
				"GIT_AUTHOR_NAME": "Nora Ortega", "GIT_AUTHOR_EMAIL": "nora@example.org",
				"GIT_COMMITTER_NAME": "Nora Ortega", "GIT_COMMITTER_EMAIL": "nora@example.org", "LOGNAME": "nora",
				"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000", // ids are shown
			} {
				env.Setenv(name, value)
			}
			config := "[bus]\njournal = \"" + env.WorkDir + "/journal.db\"\n[sign]\nbackend = \"none\"\n[scm]\nspool = \"" + env.WorkDir +
				"/spool\"\nrepositories = [\"" + env.WorkDir + "/git/*.git\", \"" + env.WorkDir + "/svn/*\", \"" + env.WorkDir + "/hg/*\"]\ngrace = \"100ms\"\nreconcile = \"1h\"\n"
			if err := os.WriteFile(env.WorkDir+"/scmhook.toml", []byte(config), 0o600); err != nil {
				return err
			}
			for _, dir := range []string{"/spool", "/git"} {
				if err := os.Mkdir(env.WorkDir+dir, 0o700); err != nil {
					return err
				}
			}
			return nil
		},
	}.Run(t)
}
