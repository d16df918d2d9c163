package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// An op is one thing that a program asked of the file system.
type op struct {
	what   string // write, truncate, sync, create, link, rename, unlink, mkdir, ack
	path   string
	to     string // of link and rename
	offset int64  // of a write; the size of a truncate
	data   []byte
	mail   int // of an ack
}

// traced are the calls that change files, as strace(1) names them.
const traced = "open,openat,write,pwrite64,fsync,fdatasync,ftruncate,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,lseek"

var (
	call    = regexp.MustCompile(`^(\d+) +([a-z0-9_]+)\((.*)\) += +(-?\d+)(<[^>]*>)?`)
	begun   = regexp.MustCompile(`^(\d+) +([a-z0-9_]+\(.*) <unfinished \.\.\.>$`)
	resumed = regexp.MustCompile(`^(\d+) +<\.\.\. [a-z0-9_]+ resumed>(.*)$`)
)

// A recorder turns strace's lines into operations below a folder.
type recorder struct {
	root    string
	pending map[string]string // begun calls, by process
	at      map[string]int64  // where a file is written to next
	ops     []op
}

// record reads a trace.
func record(trace, root string) ([]op, error) {
	f, err := os.Open(trace)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := &recorder{root: root, pending: map[string]string{}, at: map[string]int64{}}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		line := lines.Text()
		if m := begun.FindStringSubmatch(line); m != nil {
			r.pending[m[1]] = m[2]
			continue
		}
		if m := resumed.FindStringSubmatch(line); m != nil {
			line = m[1] + " " + r.pending[m[1]] + m[2]
		}
		if m := call.FindStringSubmatch(line); m != nil && m[4] != "-1" {
			if err := r.take(m[2], m[3], m[4], m[5]); err != nil {
				return nil, fmt.Errorf("reading %.200s: %w", line, err)
			}
		}
	}
	return r.ops, lines.Err()
}

// take notes one call that succeeded.
func (r *recorder) take(name, args, result, handle string) error {
	list := strings.Split(args, ", ")
	switch name {
	case "open", "openat":
		path, ok := r.below(unhex(handle))
		if !ok {
			return nil
		}
		if strings.Contains(args, "O_CREAT") {
			r.ops = append(r.ops, op{what: "create", path: path})
		}
		if !strings.Contains(args, "O_APPEND") {
			r.at[path] = 0
		}
		if strings.Contains(args, "O_TRUNC") {
			r.ops = append(r.ops, op{what: "truncate", path: path})
		}
	case "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "lseek":
		_, shown, _ := strings.Cut(list[0], "<")
		path, ok := r.below(unhex("<" + shown))
		if !ok {
			return nil
		}
		return r.file(name, path, list, result)
	case "rename", "renameat", "renameat2", "link", "linkat":
		paths := quoted(args)
		from, ok := r.below(paths[0])
		to, ok2 := r.below(paths[1])
		if ok && ok2 {
			r.ops = append(r.ops, op{what: strings.TrimRight(name, "at2"), path: from, to: to})
		}
	case "unlink", "unlinkat", "mkdir", "mkdirat":
		if path, ok := r.below(quoted(args)[0]); ok {
			r.ops = append(r.ops, op{what: strings.TrimSuffix(name, "at"), path: path})
		}
	}
	return nil
}

// file notes a call on an open file.
func (r *recorder) file(name, path string, list []string, result string) error {
	number := func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) }
	switch name {
	case "lseek":
		at, err := number(result)
		r.at[path] = at
		return err
	case "fsync", "fdatasync":
		r.ops = append(r.ops, op{what: "sync", path: path})
		return nil
	case "ftruncate":
		size, err := number(list[1])
		r.ops = append(r.ops, op{what: "truncate", path: path, offset: size})
		return err
	}
	data := []byte(quoted(list[1])[0])
	offset := r.at[path]
	if name == "pwrite64" {
		var err error
		if offset, err = number(list[3]); err != nil {
			return err
		}
	} else {
		r.at[path] += int64(len(data))
	}
	if path == acks {
		n, err := strconv.Atoi(strings.TrimSpace(string(data)))
		r.ops = append(r.ops, op{what: "ack", mail: n})
		return err
	}
	r.ops = append(r.ops, op{what: "write", path: path, offset: offset, data: data})
	return nil
}

// below makes a path relative to the folder, if it is in it.
func (r *recorder) below(path string) (string, bool) {
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(r.root, path)
	}
	rel, err := filepath.Rel(r.root, path)
	return rel, err == nil && path != "" && !strings.HasPrefix(rel, "..")
}

// unhex reads what strace shows of a handle: <\x2f…>.
func unhex(s string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Trim(s, "<>"), `\x`, ""))
	if err != nil {
		return ""
	}
	return string(b)
}

var quote = regexp.MustCompile(`"((?:\\x[0-9a-f]{2})*)"`)

// quoted are the texts among a call's arguments.
func quoted(args string) []string {
	list := []string{}
	for _, m := range quote.FindAllStringSubmatch(args, -1) {
		list = append(list, unhex(m[1]))
	}
	return append(list, "", "")
}
