package queue

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// on lets the site poll the present server.
func (s *site) on(role string) {
	s.role, s.url = role, server.URL(role, s.name)
}

// TestFailover polls a standby, which is as good as the primary, and then a
// standby that was promoted before it had the primary's last transactions: its
// own bear the same ids.
func TestFailover(t *testing.T) {
	ctx := context.Background()
	s := newSite(t, "wbadm")
	s.act("teapot", "--take", "Building")
	primary := server
	standby, err := primary.Standby(ctx, filepath.Join(t.TempDir(), "pg"))
	if err != nil {
		t.Fatal(err)
	}
	defer standby.Stop()
	defer func() { server = primary }()

	server = standby
	s.on("wbadm")
	r := s.start(nil)
	r.poll()
	server = primary
	s.act("teapot", "--set-built", "Built")
	s.act("teapot", "--set-uploaded", "Uploaded")
	written := s.sql("SELECT pg_current_wal_lsn()")
	server = standby
	for deadline := time.Now().Add(time.Minute); s.sql("SELECT pg_last_wal_replay_lsn() >= '"+written+"'") != "t"; {
		if time.Now().After(deadline) {
			t.Fatal("the standby does not follow")
		}
		time.Sleep(20 * time.Millisecond) // between two looks at the condition
	}
	r.poll()
	r.stop()
	want(t, "on the standby", s.topics(nil), "build.finish teapot", "build.upload teapot")

	server = primary
	s.on("wbadm")
	s.poll()
	server = standby
	s.sql("SELECT pg_promote()")
	server = primary
	before := s.told()
	for range 10 { // that the standby has not
		s.act("kettle", "--take", "Building")
	}
	s.poll()
	server = standby
	s.on("wbadm")
	for _, a := range [][2]string{{"--take", "Building"}, {"--set-attempted", "Build-Attempted"}, {"--set-failed", "Failed"}, {"--give-back", "Needs-Build"}} {
		s.act("cup", a[0], a[1])
	}
	// Far more than the old primary had: its own vacuum takes ids as well, and a
	// server whose ids went back is told from one that took another's place.
	for range 60 {
		s.act("lamp", "--take", "Building")
	}
	s.poll()
	got := strings.Join(s.topics(before), ", ")
	for _, w := range []string{"build.take cup", "build.attempt cup", "build.fail cup", "build.queue cup", "build.retry cup", "build.take lamp", "build.forget kettle"} {
		if !strings.Contains(got, w) {
			t.Errorf("after the failover %s is not told, only %s", w, got)
		}
	}
	if !strings.Contains(s.logs.String(), "a copy of the server took its place") {
		t.Error("the log does not tell of the failover")
	}
	before = s.told()
	s.poll()
	want(t, "later", s.topics(before))
}
