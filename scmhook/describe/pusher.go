package describe

import (
	"cmp"
	"fmt"
	"os/user"
	"strconv"
	"strings"

	"busbar/adapters/scm"
	"busbar/common/event"
	"busbar/scmhook/spool"
)

// pusher is who a hook's environment says has pushed. The forges come first:
// where they run, the other variables name their own user.
func pusher(n spool.Notice) scm.Pusher {
	env := n.Env
	p := scm.Pusher{
		Username: cmp.Or(env["GL_USERNAME"], env["GL_USER"], env["GITEA_PUSHER_NAME"], env["FORGEJO_PUSHER_NAME"], env["REMOTE_USER"]),
		Email:    cmp.Or(env["GITEA_PUSHER_EMAIL"], env["FORGEJO_PUSHER_EMAIL"]),
	}
	if p.Username == "" {
		// git http-backend sets these from the server's user; else they are
		// a person's own.
		p.Name, p.Email = env["GIT_COMMITTER_NAME"], cmp.Or(p.Email, env["GIT_COMMITTER_EMAIL"])
		p.Username = cmp.Or(env["LOGNAME"], env["USER"])
	}
	if p.Username == "" && !n.Linked {
		p.Username = login(n.Owner)
	}
	return p
}

// login is the name of a user of this machine; empty: it has none.
func login(uid uint32) string {
	u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	if err != nil {
		return ""
	}
	return u.Username
}

// options are git's push options, in their order.
func options(n spool.Notice) []string {
	var all []string
	for i := 0; ; i++ {
		value, ok := n.Env[fmt.Sprint("GIT_PUSH_OPTION_", i)]
		if !ok {
			return all
		}
		all = append(all, value)
	}
}

// evidence is who vouches for a hook's call: the system for the file's owner,
// and nobody for what the environment says.
func evidence(n spool.Notice) []event.Evidence {
	const overflow = 65534               // what a user namespace shows for users outside of it
	if n.Owner == overflow || n.Linked { // anybody can give another's file a second name
		return nil
	}
	owner := strings.TrimSpace(fmt.Sprintf("%d %s", n.Owner, login(n.Owner)))
	return []event.Evidence{{Type: "uid", Verdict: "pass", Detail: owner}}
}
