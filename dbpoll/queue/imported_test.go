package queue

import (
	"strings"
	"testing"
)

// TestImported: an import of a suite leaves the rows without a time, and writes
// no log. It is no news at any level; what happens then is, as often as it does.
func TestImported(t *testing.T) {
	const imported = "UPDATE packages SET state_change = NULL, previous_state = coalesce(previous_state, '.')"
	for _, role := range []string{"wbadm", "guest", "views"} {
		t.Run(role, func(t *testing.T) {
			s := newSite(t, role)
			for pkg, state := range map[string]string{"teapot": "Failed", "kettle": "BD-Uninstallable", "cup": "Installed", "spoon": "Building"} {
				s.act(pkg, "--take", "Building")
				s.act(pkg, "--set", state)
			}
			s.poll()
			for range 2 {
				before := s.told()
				s.sql(imported)
				s.poll()
				want(t, "an import", s.topics(before))
				s.act("teapot", "--give-back", "Needs-Build")
				s.sql("DELETE FROM packages WHERE package = 'cup'") // by hand: the log does not say it
				s.poll()
				want(t, "after an import", s.topics(before), "build.queue teapot", "build.retry teapot", "build.forget cup")
				before = s.told()
				s.act("teapot", "--set-failed", "Failed")
				s.act("cup", "--take", "Building")
				s.poll()
				want(t, "later", s.topics(before), "build.fail teapot", "build.take cup")
			}
		})
	}
}

// TestPassedBy: a binNMU that is asked for and cancelled between two polls has no
// number that anybody could read.
func TestPassedBy(t *testing.T) {
	for _, role := range []string{"wbadm", "guest"} {
		s := newSite(t, role)
		s.sql(`SELECT act('amd64', 'sid', 'teapot', '1-1', '--take', 'Installed', 'buildd', '{"binary_nmu_version": 1}')`)
		s.poll()
		s.sql(`SELECT act('amd64', 'sid', 'teapot', '1-1', '--binNMU', 'BD-Uninstallable', 'wbadm', '{"binary_nmu_version": 2}')`)
		s.sql(`SELECT act('amd64', 'sid', 'teapot', '1-1', '--binNMU', 'Installed', 'wbadm', '{"binary_nmu_version": null}')`)
		s.poll()
		said := s.versions("binnmu.request", "build.block")
		if len(said) != 2 || said["binnmu.request"] != "1-1" || said["build.block"] != "1-1" {
			t.Errorf("as %s, the versions told are %v", role, said)
		}
	}
}

// TestSuitesThatLookAlike are said, and followed as two.
func TestSuitesThatLookAlike(t *testing.T) {
	s := newSite(t, "wbadm")
	r := s.start(nil)
	defer r.stop()
	r.poll()
	s.sql("INSERT INTO distributions VALUES ('sid ', true)")
	s.act("teapot", "--take", "Building")
	s.sql("SELECT act('amd64', 'sid ', 'teapot', '1-1', '--take', 'Building', 'buildd')")
	s.sql("UPDATE packages SET state_change = '2026-03-14 10:00'; UPDATE transactions SET time = '2026-03-14 10:00'")
	r.q.compared = r.q.compared.Add(-r.q.o.Full)
	r.poll()
	want(t, "two suites", s.topics(nil), "build.take teapot", "build.take teapot")
	if said := strings.Join(r.q.Access().Meaning(), " "); !strings.Contains(said, `"sid", "sid "`) {
		t.Errorf("it is said that %s", said)
	}
}

// TestEverybodyReadsTheLog: what is granted to PUBLIC is nobody's to take away,
// and that is said.
func TestEverybodyReadsTheLog(t *testing.T) {
	s := newSite(t, "views")
	access := func() Access {
		r := s.start(nil)
		defer r.stop()
		r.poll()
		return r.q.Access()
	}
	if a := access(); a.Level != Views || a.Everybody {
		t.Errorf("without the log, %+v", a)
	}
	s.sql("GRANT SELECT ON amd64_public.transactions, arm64_public.transactions TO guest")
	if a := access(); a.Level != ViewsLog || a.Everybody {
		t.Errorf("with the log, %+v", a)
	}
	s.sql("REVOKE SELECT ON amd64_public.transactions, arm64_public.transactions FROM guest; GRANT SELECT ON amd64_public.transactions, arm64_public.transactions TO PUBLIC")
	if a := access(); a.Level != ViewsLog || !a.Everybody || !strings.Contains(strings.Join(a.Meaning(), " "), "granted to PUBLIC") {
		t.Errorf("with a log for everybody, %+v", a)
	}
}
