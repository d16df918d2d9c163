package setup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A Refusal is what AppArmor or SELinux kept a program from.
type Refusal struct {
	By   string // AppArmor or SELinux
	Text string // what, of what
	Time time.Time
}

// auditLogs are where refusals are, beside the kernel's own log.
var auditLogs = []string{"/var/log/audit/audit.log", "/var/log/kern.log", "/var/log/syslog"}

// mostLog is how much of the end of each log is read.
const mostLog = 1 << 20

// Refusals are those of a program since then, in the logs that may be read, each once.
func (m *Machine) Refusals(program string, since time.Time) ([]Refusal, error) {
	var list []Refusal
	var errs []error
	seen := map[string]bool{}
	add := func(text []byte) {
		for line := range bytes.Lines(text) {
			r, ok := ReadRefusal(string(line), program)
			if key := r.By + r.Text; ok && !r.Time.Before(since) && !seen[key] {
				seen[key] = true
				list = append(list, r)
			}
		}
	}
	for _, file := range auditLogs {
		text, err := end(m.Path(file))
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			errs = append(errs, err)
		}
		add(text)
	}
	if m.Root == "" {
		add(kernelLog())
	}
	return list, errors.Join(errs...)
}

// end is the end of a file.
func end(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-mostLog), mostLog))
}

// kernelLog is what the kernel's log holds now, a record a line; nothing where it may
// not be read.
func kernelLog() []byte {
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	var text []byte
	record := make([]byte, 16<<10)
	for len(text) < mostLog {
		n, err := unix.Read(fd, record)
		switch {
		case errors.Is(err, unix.EPIPE), errors.Is(err, unix.EINTR): // records were overwritten meanwhile
			continue
		case err != nil || n == 0: // EAGAIN: that was all
			return text
		}
		text = append(text, bytes.TrimSuffix(record[:n], []byte("\n"))...)
		text = append(text, '\n')
	}
	return text
}

// ReadRefusal reads a line of an audit log, or of the kernel's: type 1400 of the audit
// system (AVC). Of another program's, or another kind, it says false.
func ReadRefusal(line, program string) (Refusal, bool) {
	r := Refusal{}
	what := ""
	switch {
	case strings.Contains(line, `apparmor="DENIED"`):
		r.By, what = "AppArmor", field(line, "operation")
	case strings.Contains(line, "avc:") && strings.Contains(line, " denied "):
		_, rest, _ := strings.Cut(line, "{")
		set, _, _ := strings.Cut(rest, "}")
		r.By, what = "SELinux", strings.TrimSpace(set)
	default:
		return r, false
	}
	if field(line, "comm") != program {
		return r, false
	}
	r.Text = what
	for _, name := range []string{"path", "name", "tclass", "scontext", "tcontext", "profile"} {
		if value := field(line, name); value != "" {
			r.Text += fmt.Sprintf(" %s=%s", name, value)
		}
	}
	_, rest, ok := strings.Cut(line, "audit(")
	seconds, _, _ := strings.Cut(rest, ".")
	if n, err := strconv.ParseInt(seconds, 10, 64); ok && err == nil {
		r.Time = time.Unix(n, 0)
	}
	return r, true
}

// field is the value of NAME=VALUE in a line; in quotation marks, or to the next blank.
func field(line, name string) string {
	rest := line
	for {
		i := strings.Index(rest, name+"=")
		if i < 0 {
			return ""
		}
		whole := i == 0 || rest[i-1] == ' '
		rest = rest[i+len(name)+1:]
		if !whole {
			continue
		}
		if inner, ok := strings.CutPrefix(rest, `"`); ok {
			value, _, _ := strings.Cut(inner, `"`)
			return value
		}
		if i := strings.IndexAny(rest, " \n"); i >= 0 {
			return rest[:i]
		}
		return rest
	}
}
