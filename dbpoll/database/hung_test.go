package database

import (
	"context"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHungServer: a server that keeps the connection and says nothing is given
// up, so that somebody hears of it; when it is back, it is read.
func TestHungServer(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	p := postgresServer(t)
	db, err := Open(ctx, Options{URL: p.URL("postgres", "postgres"), StatementTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.Value(ctx, "SELECT pg_backend_pid()::text")
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(pid, syscall.SIGCONT)
	ended := make(chan error, 1)
	go func() {
		_, err := s.Value(ctx, "SELECT 1::text")
		ended <- err
	}()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "did not answer within 11s") {
			t.Errorf("a server that says nothing gives %v", err)
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("a server that says nothing is waited for")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s = begin(t, db)
	if v, err := s.Value(ctx, "SELECT 'back'"); v != "back" || err != nil {
		t.Errorf("a new connection gives %q, %v", v, err)
	}
}
