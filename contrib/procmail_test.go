package contrib

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// procmail runs the real one over the snippet and returns its exit code and
// what came into the mailbox.
func procmail(t *testing.T, spool, item string) (int, string) {
	t.Helper()
	dir := t.TempDir()
	rc, box := filepath.Join(dir, "procmailrc"), filepath.Join(dir, "mailbox")
	snippet := "DEFAULT=" + box + "\nLOGFILE=" + filepath.Join(dir, "log") + "\n" + here(t, read(t, "mta/procmailrc"), spool)
	if err := os.WriteFile(rc, []byte(snippet), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("procmail", rc)
	cmd.Stdin = strings.NewReader(item)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("running procmail: %v (is it installed? make deps)", err)
	}
	kept, err := os.ReadFile(box)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if log, err := os.ReadFile(filepath.Join(dir, "log")); err == nil {
		t.Logf("procmail's log:\n%s%s", log, &stderr)
	}
	return cmd.ProcessState.ExitCode(), string(kept)
}

func TestProcmailDelivers(t *testing.T) {
	spool := t.TempDir()
	code, kept := procmail(t, spool, mail)
	if code != 0 || !strings.Contains(kept, "Is ready.") {
		t.Errorf("procmail ends with %d and the mailbox holds %q; want 0 and the copy", code, kept)
	}
	wantSpooled(t, spool, 1)
}

func TestProcmailLeavesOtherMailAlone(t *testing.T) {
	spool := t.TempDir()
	code, kept := procmail(t, spool, strings.Replace(mail, "List-Id", "X-Nothing", 1))
	if code != 0 || !strings.Contains(kept, "Is ready.") {
		t.Errorf("procmail ends with %d and the mailbox holds %q; want 0 and the mail", code, kept)
	}
	wantSpooled(t, spool, 0)
}

// TestProcmailKeepsTheMail is the snippet's reason: without a spool the mail
// system must hear 75, and the mailbox must not have the mail already.
func TestProcmailKeepsTheMail(t *testing.T) {
	noDirectory := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(noDirectory, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, kept := procmail(t, noDirectory, mail)
	if code != 75 || kept != "" {
		t.Errorf("procmail ends with %d and the mailbox holds %q; want 75 and nothing", code, kept)
	}
}
