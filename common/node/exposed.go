package node

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"busbar/common/condition"
	"busbar/common/config"
	"busbar/common/secret"
)

// exposed says which of the files with keys others can read or change.
func exposed(sc config.Sign) []condition.Condition {
	if sc.Backend == "none" || sc.Key == "" {
		return nil
	}
	return Exposed("the signing key", sc.Key)
}

// Exposed looks at files that hold a secret, of which what says which: nobody
// but their owner, root and a group that this program is in should read them,
// and nobody but the owner and root change them.
func Exposed(what string, files ...string) []condition.Condition {
	var list []condition.Condition
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			continue // who reads it says so
		}
		if why := exposure(info); len(why) > 0 {
			list = append(list, condition.Condition{
				Name: "secret " + file, Level: condition.Warn,
				Text: fmt.Sprintf("it holds %s, and %s (mode %04o)", what, strings.Join(why, " and "), info.Mode().Perm()),
				Hint: "chmod 600 " + file + ", or 640 with the program's own group; who may have read it may have a copy",
			})
			continue
		}
		if dir, err := os.Stat(filepath.Dir(file)); err == nil && dir.Mode().Perm()&0o002 != 0 && dir.Mode()&fs.ModeSticky == 0 {
			list = append(list, condition.Condition{
				Name: "secret " + file, Level: condition.Warn, Text: fmt.Sprintf("it holds %s, and everybody can put another file in its place", what),
				Hint: "chmod o-w " + filepath.Dir(file),
			})
		}
	}
	return list
}

// Secrets has the node say when one of the files becomes exposed.
func (n *Node) Secrets(what string, files ...string) {
	n.Conditions.Watch(func() []condition.Condition { return Exposed(what, files...) })
	for _, c := range Exposed(what, files...) {
		n.Log.Warn("a secret is exposed", "what", c.Name, "is", c.Text, "hint", c.Hint)
	}
}

// FilesWith are the files that hold an address, if that has a password.
func FilesWith(u secret.URL, files []string) []string {
	if !u.HasPassword() {
		return nil
	}
	var list []string
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), u.Reveal()) {
			list = append(list, file)
		}
	}
	return list
}

// overflowID is who owns files of users that a namespace does not have: nothing
// can be said of them (user_namespaces(7)).
const overflowID = 65534

// exposure is how a file lies open.
func exposure(info fs.FileInfo) []string {
	mode, why := info.Mode().Perm(), []string(nil)
	s, ok := info.Sys().(*syscall.Stat_t)
	ours := true
	if ok {
		groups, _ := os.Getgroups()
		ours = s.Gid == 0 || int(s.Gid) == os.Getegid() || s.Gid == overflowID || slices.Contains(groups, int(s.Gid)) || os.Geteuid() == 0
	}
	switch {
	case mode&0o004 != 0:
		why = append(why, "everybody may read it")
	case mode&0o040 != 0 && !ours:
		why = append(why, fmt.Sprintf("group %d may read it", s.Gid))
	}
	switch {
	case mode&0o002 != 0:
		why = append(why, "everybody may write it")
	case mode&0o020 != 0 && ok && s.Gid != 0:
		why = append(why, fmt.Sprintf("group %d may write it", s.Gid))
	}
	if ok && s.Uid != 0 && int(s.Uid) != os.Geteuid() && s.Uid != overflowID && os.Geteuid() != 0 {
		why = append(why, fmt.Sprintf("user %d, who is not this program's, owns it", s.Uid))
	}
	return why
}
