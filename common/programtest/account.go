package programtest

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// account gives a folder of a machine that stands in another folder to one of that
// machine's users, who becomes its account: of whoever runs the test, or where that is
// root, of a number of nobody here.
func account(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, "account ROOT USER DIR", !neg && len(args) == 3)
	uid, gid := os.Geteuid(), os.Getegid()
	if uid == 0 {
		uid, gid = 4242, 4243
	}
	etc := filepath.Join(ts.MkAbs(args[0]), "etc")
	ts.Check(os.MkdirAll(etc, 0o755))
	for name, line := range map[string]string{
		"passwd": fmt.Sprintf("%s:x:%d:%d::/home/%s:/bin/sh\n", args[1], uid, gid, args[1]),
		"group":  fmt.Sprintf("%s:x:%d:\n", args[1], gid),
	} {
		f, err := os.OpenFile(filepath.Join(etc, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		ts.Check(err)
		_, err = f.WriteString(line)
		ts.Check(err)
		ts.Check(f.Close())
	}
	if os.Geteuid() != 0 {
		return
	}
	ts.Check(filepath.WalkDir(filepath.Join(ts.MkAbs(args[0]), args[2]), func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, gid)
	}))
}
