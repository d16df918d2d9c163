package mail

import (
	"fmt"
	"strings"
	"testing"
)

// TestCutUuencoded: wherever a text is cut, what comes of it begins the whole, with nothing
// made up behind it.
func TestCutUuencoded(t *testing.T) {
	for n := 1; n <= 9; n++ {
		whole := strings.Repeat("tea", 3)[:n]
		line := string(rune(' ' + n))
		for i := 0; i < n; i += 3 {
			g := [3]byte{}
			copy(g[:], whole[i:])
			for _, six := range []byte{g[0] >> 2, g[0]<<4&63 | g[1]>>4, g[1]<<2&63 | g[2]>>6, g[2] & 63} {
				line += string(rune(' ' + six))
			}
		}
		for cut := 1; cut <= len(line); cut++ {
			t.Run(fmt.Sprint(n, " ", cut), func(t *testing.T) {
				got, ok := uudecoded([]byte("begin 644 tea\n" + line[:cut]))
				if !ok || !strings.HasPrefix(whole, string(got)) || cut == len(line) && string(got) != whole {
					t.Errorf("%q is read as %q, %v, of %q", line[:cut], got, ok, whole)
				}
			})
		}
	}
}
