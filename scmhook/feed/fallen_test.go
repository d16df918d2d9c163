package feed

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/scmhook/hook"
)

// svn makes a place with one svn repository, s.
func svnPlace(t *testing.T) *place {
	p := newPlace(t)
	for _, name := range []string{"format", "db", "hooks"} {
		p.mkdir("svn/s/" + name)
	}
	set, err := NewSet([]string{filepath.Join(p.dir, "svn", "*")})
	if err != nil {
		t.Fatal(err)
	}
	p.o.Repositories = set
	p.refs["s"] = map[string]string{Youngest: "0"}
	return p
}

func (p *place) committed(revision string) {
	p.t.Helper()
	n := hook.Notice{System: "svn", Hook: hook.PostCommit, Repository: filepath.Join(p.dir, "svn", "s"), Args: []string{revision}, Time: time.Now()}
	if err := hook.Write(p.o.Spool, n, strings.NewReader("")); err != nil {
		p.t.Fatal(err)
	}
}

// TestRestored: a repository with fewer revisions than were published goes on from
// what it has, instead of being silent until it has more.
func TestRestored(t *testing.T) {
	p := svnPlace(t)
	p.want(p.drain(nil), "s: first sight of a repository")
	p.refs["s"][Youngest] = "3"
	p.want(p.drain(nil), "s: 0>1 youngest 1>2 youngest 2>3 youngest recovered")
	p.refs["s"][Youngest] = "1"
	p.want(p.drain(nil), "s: first sight of a repository")
	p.want(p.drain(nil))
	p.refs["s"][Youngest] = "2"
	p.want(p.drain(nil), "s: 1>2 youngest recovered")
	p.refs["s"][Youngest] = "1" // and again, seen by the hook of its next commit
	p.committed("1")
	p.want(p.drain(nil), "s: 0>1 youngest")
}

// TestClaimedRevision: what a spool file claims of a repository that nobody has
// seen does not silence it.
func TestClaimedRevision(t *testing.T) {
	for _, claim := range []string{"999999999", "-5", "0", "x", "99999999999999999999"} {
		p := svnPlace(t)
		p.refs["s"][Youngest] = "2"
		p.committed(claim)
		p.drain(nil)
		p.refs["s"][Youngest] = "3"
		p.want(p.drain(nil), "s: 2>3 youngest recovered")
	}
}
