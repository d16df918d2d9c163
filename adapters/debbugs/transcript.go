package debbugs

import (
	"strings"

	"busbar/common/pattern"
)

// A transcript is what the tracker answers to commands: each as it was read, and
// below it what came of it (debbugs: scripts/service, scripts/process,
// Debbugs/Control).
type transcript struct {
	blocks []block
	whole  bool // its end is there
}

// A block is a command, and the lines of the answer to it.
type block struct {
	command string // empty: the mail as a whole
	more    int    // lines that belong to the command besides, as those of a usercategory do
	replies []string
}

const (
	sentCommands  = "Processing commands for "     // of a mail to control@ or request@
	fieldCommands = "Processing control commands:" // of a mail's pseudo-headers
)

// readTranscript takes a transcript apart; ok is false where the text has none.
// Each line that begins with "> " is a command's, for the tracker writes none of
// its own so.
func readTranscript(text string) (t transcript, ok bool) {
	rest := text
	for rest != "" {
		var l string
		l, rest, _ = strings.Cut(rest, "\n")
		l = strings.TrimRight(l, " \t\r")
		switch {
		case !ok:
			if ok = strings.HasPrefix(l, sentCommands) || l == fieldCommands; ok {
				t.blocks = []block{{}}
			}
		case l == "--": // a list's footer may begin so, too
			t.whole = t.whole || strings.Contains(rest, "Debian Bug Tracking System\n")
			return t, true
		case l == "Please contact me if you need assistance.":
			t.whole = true
			return t, true
		case l == "Stopping processing here.", l == "End of message, stopping processing here.":
			t.whole = true
			t.blocks = append(t.blocks, block{}) // what follows is about the mail as a whole
		case l == "":
		case l == ">", strings.HasPrefix(l, "> "):
			t.command(strings.TrimSpace(l[1:]))
		default:
			last := &t.blocks[len(t.blocks)-1]
			last.replies = append(last.replies, l)
		}
	}
	return t, ok
}

// ends tells whether the line is no command, but ends them or is a comment.
func (b block) ends() bool { return endsCommands.MatchString(b.command) }

var (
	endsCommands = pattern.New(`^(?:#.*|(?i:stop|quit|--|thank(?:s|\s*you)?|kthxbye)\.*)$`)
	categoryLine = pattern.New(`^[*+]\s*\S`)
)

// command begins a block, but where the line goes on with the one before.
func (t *transcript) command(l string) {
	last := &t.blocks[len(t.blocks)-1]
	if categoryLine.MatchString(l) && strings.HasPrefix(strings.ToLower(last.command), "usercategory") {
		last.more++
		return
	}
	t.blocks = append(t.blocks, block{command: l})
}

// A shown is a bug as a transcript shows it above what came of a command.
type shown struct {
	bug      int
	done     string // who has closed it
	packages []string
	title    string
}

// shownBug is "Bug #12 {Done: Jane <jane@example.org>} [foo,bar] foo: crashes";
// older trackers wrote "Bug#12: foo: crashes".
var (
	shownBug    = pattern.New(`^Bug ?#(\d{1,9}) (?:\{Done: (.*?)\} )?\[([^\]]*)\](?: (.*))?$`)
	shownBefore = pattern.New(`^Bug#(\d{1,9}): (.*)$`)
)

func readShown(l string) (s shown, ok bool) {
	if m := shownBug.FindStringSubmatch(l); m != nil {
		s = shown{bug: bugNumber(m[1]), done: m[2], title: m[4]}
		if m[3] != "(no package)" {
			s.packages = words(m[3])
		}
		return s, s.bug > 0
	}
	if m := shownBefore.FindStringSubmatch(l); m != nil {
		return shown{bug: bugNumber(m[1]), title: m[2]}, bugNumber(m[1]) > 0
	}
	return s, false
}

// isFailure finds the lines that say that a command, or a part of it, did nothing
// because it could not. What changed nothing because it was so already is no
// failure.
var isFailure = pattern.New(`^(?:Failed to |Unknown command or |Unknown tag(?:/s|\(s\)): |Ignoring illegal tag/s: |Severity level |This BTS function is currently disabled|` +
	`Selected user id \(|No valid user selected|User defined category specification must |Unrecognised syntax for category section|` +
	`Unable to (?:merge bugs because|modify bugs)|After four attempts, |No bug found for |No commands successfully parsed|You have been specifically excluded)` +
	`|is not a valid e-mail address; not changing|^Bug \d+ cannot be archived$|^\d+ has not been archived previously$|^Limit key \S+ not understood` +
	`|^\S+: '.*' does not match at least one of |^Bug \d+ disappeared!$`)
