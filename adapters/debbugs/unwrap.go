package debbugs

import (
	"encoding/hex"
	"strings"

	"busbar/common/pattern"
)

var wrapped = pattern.New(`=\?UTF-8\?Q\?[!->@-~]*\?=(?:[ \t]+=\?UTF-8\?Q\?[!->@-~]*\?=)*`)

// unwrap undoes what the tracker does to an id that is not ASCII before it
// passes the mail on: it makes encoded words (RFC 2047 §2) of those pieces that
// are not, labelled UTF-8 whatever they are, also in the middle of a word
// (debbugs: Debbugs/MIME, encode_rfc1522). The bytes come back as they were.
// Encoded words that are all ASCII are none of its making, and stay.
func unwrap(s string) string {
	return wrapped.ReplaceAllStringFunc(s, func(group string) string {
		var b strings.Builder
		needed := false
		for _, word := range strings.Fields(group) { // blanks between two are none
			word = strings.TrimSuffix(strings.TrimPrefix(word, "=?UTF-8?Q?"), "?=")
			for i := 0; i < len(word); i++ {
				c := word[i]
				switch {
				case c == '_':
					c = ' '
				case c == '=' && i+2 < len(word):
					v, err := hex.DecodeString(word[i+1 : i+3])
					if err != nil {
						return group
					}
					c, i = v[0], i+2
				case c == '=':
					return group
				}
				needed = needed || c < ' ' || c >= 0x7f
				b.WriteByte(c)
			}
		}
		if !needed {
			return group
		}
		return b.String()
	})
}
