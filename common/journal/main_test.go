package journal

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// The test binary plays other processes, too: helperVar says which.
const helperVar = "JOURNAL_TEST_HELPER"

func TestMain(m *testing.M) {
	helpers := map[string]func(path string, args []string) error{
		"append": helpAppend, "read": helpRead, "limit": helpLimit, "nobody": helpNobody,
	}
	help, ok := helpers[os.Getenv(helperVar)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := help(os.Args[1], os.Args[2:]); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func helper(t testing.TB, name, path string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{path}, args...)...)
	cmd.Env = append(os.Environ(), helperVar+"="+name)
	cmd.Stderr = os.Stderr
	return cmd
}

// helpAppend appends numbered records from a number on, and prints each number
// when it is acknowledged, until it is killed.
func helpAppend(path string, args []string) error {
	from, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	j, err := Open(context.Background(), options(path))
	if err != nil {
		return err
	}
	var mu sync.Mutex
	for i := from; ; i++ {
		r := noteRecord(strconv.Itoa(i))
		r.Source, r.Position = "numbers", []byte(strconv.Itoa(i))
		j.Submit(r, func(_ Result, err error) {
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				fmt.Println("error:", err)
				os.Exit(1)
			}
			os.Stdout.WriteString(strconv.Itoa(i) + "\n")
		})
	}
}

// helpRead verifies the journal again and again while another process writes
// it, until a line on standard input tells it to stop.
func helpRead(path string, _ []string) error {
	r, err := OpenReader(context.Background(), path)
	if err != nil {
		return err
	}
	defer r.Close()
	stop := make(chan struct{})
	go func() { bufio.NewReader(os.Stdin).ReadString('\n'); close(stop) }()
	fmt.Println("ready")
	for {
		report, err := r.Verify(context.Background(), nil)
		if err != nil || !report.OK() {
			return fmt.Errorf("%+v, %w", report, err)
		}
		select {
		case <-stop:
			fmt.Println(report.Last)
			return nil
		default:
		}
	}
}

// helpLimit appends under a limit on the size of files until that fails, then
// lifts the limit and appends on.
func helpLimit(path string, args []string) error {
	size, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return err
	}
	j, err := Open(context.Background(), options(path))
	if err != nil {
		return err
	}
	defer j.Close()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: old.Max}); err != nil {
		return err
	}
	failed := 0
	for i := 0; failed < 3 && i < 100000; i++ {
		if _, err := j.Append(context.Background(), big("limit "+strconv.Itoa(i))); err != nil {
			failed++
			fmt.Println("refused:", err)
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	_, err = j.Append(context.Background(), noteRecord("after"))
	return err
}

// helpNobody tries to write and to read as a user without rights.
func helpNobody(path string, _ []string) error {
	const nobody = 65534
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setgid(nobody); err != nil {
		return err
	}
	if err := syscall.Setuid(nobody); err != nil {
		return err
	}
	_, err := Open(context.Background(), options(path))
	fmt.Println("write:", err)
	r, err := OpenReader(context.Background(), path)
	if err == nil {
		_, err = r.Counts(context.Background())
		r.Close()
	}
	fmt.Println("read:", err)
	return nil
}
