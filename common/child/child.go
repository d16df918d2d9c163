// Package child runs a command of a person: with a time limit, without outliving this
// program, with strangers' text in its environment and never in its arguments.
//
// Not here: what the command is run for, and when it is run again (bus/trigger,
// bus/notify/dest/command).
package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// A Runner runs one command, as often as it is asked to, and several times at once.
type Runner struct {
	Path    string
	Args    []string      // with the command's name
	Timeout time.Duration // 0: it may take its time
	Out     io.Writer     // what commands say
	Log     *slog.Logger

	Grace   time.Duration // from being asked to end to being killed. 0: 5 s
	Outlive time.Duration // how long who is left behind may hold the output. 0: 2 s
	mu      sync.Mutex    // a line of Out at a time
}

const (
	// leaveIn is what a command gets to end after its time limit, before it is killed.
	leaveIn = 5 * time.Second
	// outliveFor is how long somebody whom a command left behind may hold its output,
	// before nobody reads that any more.
	outliveFor = 2 * time.Second
)

// A Result is how a run ended.
type Result struct {
	Err       error  // nil: with exit code 0
	Unstarted bool   // the command could not even be started
	Words     string // the last that it said
	Took      time.Duration
}

// Run runs the command once, with text on its standard input. environ is its
// environment, no value longer than so many bytes. When kill ends, so does the command,
// with all that it started; and so it does when we are killed.
func (r *Runner) Run(kill context.Context, stdin []byte, environ func(most int) []string) Result {
	// The kernel kills the command when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := time.Now()
	said := &lines{r: r}
	cmd, err := r.start(stdin, environ, said)
	if err != nil {
		return Result{Err: fmt.Errorf("starting the command: %w", err), Unstarted: true, Took: time.Since(began)}
	}
	err = r.wait(kill, cmd)
	said.flush()
	return Result{Err: err, Words: said.last(), Took: time.Since(began)}
}

// start starts the command. Where its environment is too long, that is made shorter.
func (r *Runner) start(stdin []byte, environ func(most int) []string, said *lines) (cmd *exec.Cmd, err error) {
	for _, most := range []int{MaxValue, FewValue} {
		cmd = exec.Command(r.Path, r.Args[1:]...)
		cmd.Args[0] = r.Args[0]
		cmd.Env = environ(most)
		cmd.Stdin = bytes.NewReader(stdin)
		cmd.Stdout, cmd.Stderr = said, said
		cmd.WaitDelay = orElse(r.Outlive, outliveFor)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		if err = cmd.Start(); !errors.Is(err, syscall.E2BIG) {
			break
		}
	}
	return cmd, err
}

// wait waits for the command's end, or brings it about.
func (r *Runner) wait(kill context.Context, cmd *exec.Cmd) error {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var limit <-chan time.Time // never
	if r.Timeout > 0 {
		timer := time.NewTimer(r.Timeout)
		defer timer.Stop()
		limit = timer.C
	}
	select {
	case err := <-ended:
		if errors.Is(err, exec.ErrWaitDelay) {
			r.Log.Warn("the command has ended, and left something running that holds its output; it is no longer read", "command", r.Path)
			err = nil
		}
		return err
	case <-kill.Done():
		send(cmd, syscall.SIGKILL)
		<-ended
		return errors.New("it was ended with this program")
	case <-limit:
	}
	send(cmd, syscall.SIGTERM)
	leave := time.NewTimer(orElse(r.Grace, leaveIn))
	defer leave.Stop()
	var err error
	select {
	case err = <-ended:
		send(cmd, syscall.SIGKILL) // who is left of its group
	case <-leave.C:
		send(cmd, syscall.SIGKILL)
		err = <-ended
	case <-kill.Done():
		send(cmd, syscall.SIGKILL)
		err = <-ended
	}
	return errors.Join(fmt.Errorf("it took longer than %s", r.Timeout), err)
}

// send sends a signal to the command's process group. Who is gone needs none.
func send(cmd *exec.Cmd, s syscall.Signal) { _ = syscall.Kill(-cmd.Process.Pid, s) }

func orElse(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// ForGood says that a command that could not be started never can be, as it stands.
func ForGood(err error) bool {
	for _, stays := range []error{fs.ErrNotExist, fs.ErrPermission, syscall.ENOEXEC, syscall.E2BIG, syscall.ENOTDIR, syscall.EISDIR, syscall.ELOOP, syscall.EINVAL} {
		if errors.Is(err, stays) {
			return true
		}
	}
	return false
}
