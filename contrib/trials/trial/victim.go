package trial

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// A Victim is a daemon of ours that an act kills, stops and starts again: one
// program with its arguments, running or not.
type Victim struct {
	Program string // its file
	Args    []string
	Log     *os.File // what it says

	cmd   *exec.Cmd
	ended chan error // its Wait
}

func (v *Victim) name() string { return filepath.Base(v.Program) }

// PID is its process.
func (v *Victim) PID() int { return v.cmd.Process.Pid }

// Running says that it was started, and neither killed nor stopped since.
func (v *Victim) Running() bool { return v.cmd != nil }

// Start starts it.
func (v *Victim) Start() error {
	cmd := exec.Command(v.Program, v.Args...)
	cmd.Stdout, cmd.Stderr = v.Log, v.Log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", v.name(), err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	v.cmd, v.ended = cmd, ended
	return nil
}

// Restart kills it and starts it again.
func (v *Victim) Restart() error {
	if err := v.Kill(); err != nil {
		return err
	}
	return v.Start()
}

// Ended takes note that it ended by itself, if it did: it says so once.
func (v *Victim) Ended() bool {
	_, ended := v.Exited()
	return ended
}

// Exited is Ended, with the code.
func (v *Victim) Exited() (code int, ended bool) {
	select {
	case <-v.ended:
		code = v.cmd.ProcessState.ExitCode()
		v.cmd = nil
		return code, true
	default:
		return 0, false
	}
}

// Kill ends it without a warning. One that had ended by itself is an error.
func (v *Victim) Kill() error {
	select {
	case err := <-v.ended:
		v.cmd = nil
		return fmt.Errorf("%s ended by itself: %w", v.name(), errors.Join(err, errors.New("nobody had asked it to")))
	default:
	}
	if err := v.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("killing %s: %w", v.name(), err)
	}
	<-v.ended
	v.cmd = nil
	return nil
}

// leave is what it gets to end when it is asked to.
const leave = Patience

// Stop ends it as an operator does; one that does not run is left alone.
func (v *Victim) Stop() error {
	if v.cmd == nil {
		return nil
	}
	cmd := v.cmd
	v.cmd = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping %s: %w", v.name(), err)
	}
	select {
	case err := <-v.ended:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signal() == syscall.SIGTERM {
				return nil // it had only just been started
			}
		}
		if err != nil {
			return fmt.Errorf("stopping %s: %w", v.name(), err)
		}
		return nil
	case <-time.After(leave):
		_ = cmd.Process.Kill()
		<-v.ended
		return fmt.Errorf("%s did not end within %s of SIGTERM", v.name(), leave)
	}
}

// LastWords are the end of a log.
func LastWords(log string) string {
	raw, _ := os.ReadFile(log)
	lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	return string(bytes.Join(lines[max(len(lines)-15, 0):], []byte("\n")))
}
