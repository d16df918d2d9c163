package contrib

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHubNamesADeadAdapter: a canary that goes through mail2bus is in the hub; when
// mail2bus is killed, the hub names the channel and says so on the bus, and says as
// well that canaries come again.
func TestHubNamesADeadAdapter(t *testing.T) {
	dir := t.TempDir()
	publishes, serves := freeAddress(t), freeAddress(t)
	config := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text+"[sign]\nbackend = \"none\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	adapter := config("mail2bus.toml", fmt.Sprintf("[bus]\nname = \"mail2bus.test\"\npublish = [\"tcp://%s\"]\nheartbeat = \"1s\"\njournal = %q\n[mail]\nspool = %q\n[canary]\ninterval = \"2s\"\nmaildir = [%q]\n",
		publishes, dir+"/journal.db", dir+"/spool", dir+"/spool"))
	hub := config("hub.toml", fmt.Sprintf("[bus]\nname = \"bus.test\"\nsubscribe = [\"tcp://%s\"]\n[hub]\nlisten = %q\narchive = %q\n[hub.canary]\nalarm = true\njournal = %q\n",
		publishes, serves, dir+"/archive.db", dir+"/canary.db"))
	run := func(name string, args ...string) *exec.Cmd {
		log, err := os.Create(filepath.Join(dir, fmt.Sprint(name, time.Now().UnixNano(), ".log")))
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program(t, name), args...)
		cmd.Stderr = log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if cmd.ProcessState == nil {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			}
			if text, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
				t.Logf("%s says: %s", name, text)
			}
			log.Close()
		})
		return cmd
	}
	says := func(path, want string) {
		t.Helper()
		var last string
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			r, err := http.Get("http://" + serves + path)
			if err != nil {
				continue
			}
			text, err := io.ReadAll(r.Body)
			r.Body.Close()
			if last = string(text); err == nil && strings.Contains(last, want) {
				return
			}
		}
		t.Fatalf("the hub never said %q at %s; at last: %s", want, path, last)
	}
	mail2bus := run("mail2bus", "--config", adapter, "run")
	run("bus", "--config", hub, "hub", "--no-verify")
	says("/status.json", `"state":"passing"`)
	if err := mail2bus.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = mail2bus.Wait() // it was killed
	says("/status.json", `"state":"overdue"`)
	says("/raw?topic=org.debian.dev.busbar.canary.miss", "No canary has come through")
	run("mail2bus", "--config", adapter, "run")
	says("/status.json", `"state":"passing"`)
	says("/raw?topic=org.debian.dev.busbar.canary.return", "Canaries come through")
}
