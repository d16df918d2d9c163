package trigger

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

// A runner runs the command.
type runner struct {
	path    string
	args    []string // with the command's name
	timeout time.Duration
	prefix  string
	environ []string
	out     io.Writer // what commands say
	log     *slog.Logger

	grace   time.Duration // for tests; 0: leaveIn
	outlive time.Duration // for tests; 0: outliveFor
	mu      sync.Mutex    // a line of out at a time
}

const (
	// leaveIn is what a command gets to end after its time limit, before it is killed.
	leaveIn = 5 * time.Second
	// outliveFor is how long somebody whom a command left behind may hold its output,
	// before nobody reads that any more.
	outliveFor = 2 * time.Second
)

// A result is how a run ended.
type result struct {
	err       error  // nil: with exit code 0
	unstarted bool   // the command could not even be started
	words     string // the last that it said
	took      time.Duration
}

// run runs the command once. When kill ends, so does the command, with all that it
// started; and so it does when we are killed.
func (r *runner) run(kill context.Context, in *input, attempt int) result {
	// The kernel kills the command when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := time.Now()
	said := &lines{r: r}
	cmd, err := r.start(in, attempt, said)
	if err != nil {
		return result{err: fmt.Errorf("starting the command: %w", err), unstarted: true, took: time.Since(began)}
	}
	err = r.wait(kill, cmd)
	said.flush()
	return result{err: err, words: said.last(), took: time.Since(began)}
}

// start starts the command. Where its environment is too long, that is made shorter.
func (r *runner) start(in *input, attempt int, said *lines) (cmd *exec.Cmd, err error) {
	for _, most := range []int{maxValue, fewValue} {
		cmd = exec.Command(r.path, r.args[1:]...)
		cmd.Args[0] = r.args[0]
		cmd.Env = in.environ(r.environ, attempt, most)
		cmd.Stdin = bytes.NewReader(in.line)
		cmd.Stdout, cmd.Stderr = said, said
		cmd.WaitDelay = orElse(r.outlive, outliveFor)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		if err = cmd.Start(); !errors.Is(err, syscall.E2BIG) {
			break
		}
	}
	return cmd, err
}

// wait waits for the command's end, or brings it about.
func (r *runner) wait(kill context.Context, cmd *exec.Cmd) error {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var limit <-chan time.Time // never
	if r.timeout > 0 {
		timer := time.NewTimer(r.timeout)
		defer timer.Stop()
		limit = timer.C
	}
	select {
	case err := <-ended:
		if errors.Is(err, exec.ErrWaitDelay) {
			r.log.Warn("the command has ended, and left something running that holds its output; it is no longer read", "command", r.path)
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
	leave := time.NewTimer(orElse(r.grace, leaveIn))
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
	return errors.Join(fmt.Errorf("it took longer than %s", r.timeout), err)
}

// send sends a signal to the command's process group. Who is gone needs none.
func send(cmd *exec.Cmd, s syscall.Signal) { _ = syscall.Kill(-cmd.Process.Pid, s) }

func orElse(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// forGood says that a command that could not be started never can be, as it stands.
func forGood(err error) bool {
	for _, stays := range []error{fs.ErrNotExist, fs.ErrPermission, syscall.ENOEXEC, syscall.E2BIG, syscall.ENOTDIR, syscall.EISDIR, syscall.ELOOP, syscall.EINVAL} {
		if errors.Is(err, stays) {
			return true
		}
	}
	return false
}
