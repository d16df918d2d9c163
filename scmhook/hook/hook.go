// Package hook is scmhook's part that runs during a push: it writes one spool
// file and ends with 0 whatever is wrong, for the push has already happened and
// comparing the refs will find it.
//
// Most of a hook's time is its start, and most of that would be the
// initialization of packages that only the daemon uses (a database, sockets,
// metrics). Go initializes packages in the order of their import paths, each as
// soon as what it imports is ready (Go specification, "Program
// initialization"). This package imports so little that it is ready before
// nearly all others, and Ran does the work then and ends the process. That is
// why neither fmt nor encoding/json is used here; TestHookStartsFirst holds it.
//
// Who pushes may write into the spool and need not read it (mode 1733).
//
// Not here: reading the spool (scmhook/spool), and all other commands.
package hook

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// limit is how long a hook may take. A spool that hangs, as on a dead network
// disk, must not hold a push.
const limit = 10 * time.Second

// Ran is false: where the process is a hook, it has ended before anybody could
// ask.
var Ran = endIfHook()

func endIfHook() bool {
	if Called(os.Args[1:]) {
		Run(os.Args[1:], os.Stdin, stderr{})
		os.Exit(0)
	}
	return false
}

// Called reports whether a version control system calls: the first argument names
// it.
func Called(args []string) bool {
	if len(args) > 1 && (args[1] == "--help" || args[1] == "-h") {
		return false // a person asks
	}
	return len(args) > 0 && (args[0] == "git" || args[0] == "svn" || args[0] == "hg")
}

// Run writes the spool file. What is wrong becomes a line on stderr.
func Run(args []string, stdin io.Reader, stderr io.Writer) {
	ended := make(chan error, 1)
	go func() {
		defer func() {
			if recover() != nil {
				ended <- errors.New("the hook has a defect")
			}
		}()
		ended <- take(args, stdin)
	}()
	late := time.NewTimer(limit)
	defer late.Stop()
	var err error
	select {
	case err = <-ended:
	case <-late.C:
		err = errors.New("the spool did not answer within " + limit.String())
	}
	if err != nil {
		io.WriteString(stderr, "scmhook: "+err.Error()+" (the push is fine; scmhook reconcile will find it)\n")
	}
}

func take(args []string, stdin io.Reader) error {
	dir, rest, err := flags(args[1:])
	if err != nil {
		return err
	}
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	n, input, err := notice(args[0], rest, os.Getenv, cwd)
	if err != nil || n.Hook == "" {
		return err
	}
	n.Time = time.Now()
	if dir == "" {
		dir = Dir(os.Getenv)
	}
	if !input {
		return Write(dir, n, nothing{}) // it may be somebody's terminal, or hg's own protocol
	}
	err = Write(dir, n, stdin)
	_, _ = io.Copy(io.Discard, stdin) // whoever writes there may not bear a closed pipe
	return err
}

// stderr is standard error without os.File, which ends the process where the
// pusher has hung up: a signal is no exit code 0.
type stderr struct{}

func (stderr) Write(b []byte) (int, error) { return syscall.Write(2, b) }

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }

// flags takes --spool, the one flag of a hook, out of the arguments.
func flags(args []string) (dir string, rest []string, err error) {
	const equals = "--spool="
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			return dir, append(rest, args[i+1:]...), nil
		case arg == "--spool" && i+1 < len(args):
			i++
			dir = args[i]
		case len(arg) > len(equals) && arg[:len(equals)] == equals:
			dir = arg[len(equals):]
		case arg == "--spool" || arg == equals:
			return "", nil, errors.New("--spool needs a directory")
		default:
			rest = append(rest, arg)
		}
	}
	return dir, rest, nil
}
