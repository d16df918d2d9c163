package secret

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzRedact: no password of an address is shown, whatever it is made of; none
// that is seen in a text stays; and it grows by no more than what stands for letters.
func FuzzRedact(f *testing.F) {
	for _, p := range []string{"Pw%41:@/?#x", "Pw'\"\\ ~!", "Pwé世+&=x", "Pw://a:b@c"} {
		f.Add(p, "https://jane:"+p+"@bugs.example.org/soap?token="+p)
	}
	f.Add("Pw12345678", "host=db password = 'a\\'b' user=jane passwd=x;pwd=y api_key=z")
	f.Add("Pw12345678", "://a:ee@ passwd=xxxx passwd=xxx passwd=xx passwd=x "+strings.Repeat("e", 100))
	f.Add("Pw12345678", "://a:Pwpasswd=one@two-three")
	f.Add("Pw12345678", "a@b://c:d@e@f = password=password=password=")
	f.Fuzz(func(t *testing.T, p, text string) {
		once := Redact(text)
		if len(once) > 2*len(hidden)*len(text) {
			t.Errorf("%q became %q", text, once)
		}
		if utf8.ValidString(text) && !utf8.ValidString(once) {
			t.Errorf("%q became %q, which is no UTF-8", text, once)
		}
		for _, seen := range passwords(text) {
			if len(seen) > len(hidden) && !strings.Contains(seen, "xx") && strings.Contains(once, seen) {
				t.Errorf("%q became %q, with %q in it", text, once, seen)
			}
		}
		p = "Pw" + p
		if len(p) < 8 || len(p) > 200 || !utf8.ValidString(p) || strings.ContainsFunc(p, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) && r != ' ' }) {
			return
		}
		for _, address := range addresses(p) {
			u := NewURL(address)
			if !u.HasPassword() {
				t.Errorf("in %q no password is seen", address)
			}
			if got := u.String(); leaks(got, p) {
				t.Errorf("%q of %q is shown: %s", p, address, got)
			}
		}
	})
}
