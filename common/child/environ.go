package child

import (
	"strings"

	"busbar/common/runes"
	"busbar/common/show"
)

// A Variable of the environment.
type Variable struct{ Name, Value string }

// MaxValue is the longest value of a variable in bytes, and FewValue where even so the
// kernel finds the whole too long (execve(2): 128 KiB for one, a quarter of the stack's
// limit for all, with the arguments).
const MaxValue, FewValue = 16 << 10, 128

// Environ is base with the variables in it, whose names all begin with prefix, each at
// most so long; none of base stays that begins so. Their values are strangers' text:
// what cannot be shown, such as NUL, which the kernel does not take, is U+FFFD. The
// variable PREFIXCUT names those of which only the beginning is there.
func Environ(base []string, prefix string, vars []Variable, most int) []string {
	var cut []string
	env := make([]string, 0, len(base)+len(vars)+1)
	for _, have := range base {
		if !strings.HasPrefix(have, prefix) {
			env = append(env, have)
		}
	}
	for _, v := range vars {
		text, left := runes.Cut(show.Line(v.Value), most)
		if left {
			cut = append(cut, v.Name)
		}
		env = append(env, v.Name+"="+text)
	}
	return append(env, prefix+"CUT="+strings.Join(cut, " "))
}
