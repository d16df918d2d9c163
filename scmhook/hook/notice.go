package hook

import (
	"errors"
	"strconv"
	"time"
)

// The hooks that notices come from.
const (
	PostReceive          = "post-receive"
	Update               = "update"
	ReferenceTransaction = "reference-transaction"
	PostCommit           = "post-commit"
	PostRevpropChange    = "post-revprop-change"
	Mercurial            = "hg"   // any of hg's; the environment names it
	Look                 = "look" // none: somebody asks to compare the refs
)

// A Notice is one call of a hook.
type Notice struct {
	System     string // git, svn, hg
	Hook       string
	Repository string // its directory, absolute
	Time       time.Time
	Args       []string
	Env        []string // name, value, name, value, …
}

// notice is what a call says; input reports whether standard input is a part of
// it. A notice without a hook tells nothing.
func notice(system string, args []string, getenv func(string) string, cwd string) (n Notice, input bool, err error) {
	n = Notice{System: system, Args: args, Env: wanted(getenv)}
	switch system {
	case "git":
		n.Repository = within(cwd, getenv("GIT_DIR"))
		switch {
		case len(args) == 0:
			n.Hook, input = PostReceive, true
		case len(args) == 1 && (args[0] == "prepared" || args[0] == "aborted" || args[0] == "preparing"):
			return Notice{}, false, nil // nothing has happened
		case len(args) == 1 && args[0] == "committed":
			n.Hook = ReferenceTransaction
		case len(args) == 3:
			n.Hook = Update
		default:
			return Notice{}, false, errors.New("these are the arguments of none of git's hooks that tell of pushes")
		}
	case "svn":
		if len(args) < 2 {
			return Notice{}, false, errors.New("svn needs REPOSITORY REVISION, as its post-commit hook gets them")
		}
		n.Repository, n.Args, n.Hook = within(cwd, args[0]), args[1:], PostCommit
		if len(args) == 5 {
			n.Hook, input = PostRevpropChange, true // the property's former value
		}
	default:
		n.Repository, n.Hook = cwd, Mercurial
	}
	return n, input, nil
}

// within makes a path absolute. It need not be clean: the daemon looks at what
// it leads to.
func within(cwd, path string) string {
	switch {
	case path == "" || path == ".":
		return cwd
	case path[0] == '/':
		return path
	}
	return cwd + "/" + path
}

// wanted is the part of the environment that says who pushes, and how. It is a
// list and no pattern: forges hand their hooks secrets, too.
func wanted(getenv func(string) string) []string {
	const maxOptions = 100
	var keep []string
	for _, name := range []string{
		"USER", "LOGNAME", "REMOTE_USER", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL",
		"GL_USER", "GL_REPO", // gitolite
		"GL_ID", "GL_USERNAME", "GL_PROJECT_PATH", "GL_REPOSITORY", "GL_PROTOCOL", // GitLab
		"GITEA_REPO_NAME", "GITEA_REPO_USER_NAME", "GITEA_PUSHER_NAME", "GITEA_PUSHER_EMAIL", // Gitea, Forgejo
		"FORGEJO_REPO_NAME", "FORGEJO_REPO_USER_NAME", "FORGEJO_PUSHER_NAME", "FORGEJO_PUSHER_EMAIL",
		"GIT_PUSH_CERT_STATUS", "GIT_PUSH_CERT_SIGNER",
		"HG_HOOKTYPE", "HG_HOOKNAME", "HG_NODE", "HG_NODE_LAST", "HG_SOURCE", "HG_TXNID", "HG_BOOKMARK", "HG_OLDNODE",
	} {
		if value := getenv(name); value != "" {
			keep = append(keep, name, value)
		}
	}
	options, err := strconv.Atoi(getenv("GIT_PUSH_OPTION_COUNT"))
	if err != nil {
		return keep
	}
	for i := range min(options, maxOptions) {
		name := "GIT_PUSH_OPTION_" + strconv.Itoa(i)
		keep = append(keep, name, getenv(name))
	}
	return keep
}
