package mail

import "testing"

func TestFileNames(t *testing.T) {
	for head, want := range map[string]string{
		`attachment; filename="tea.png"`:                                 "tea.png",
		`attachment; filename="C:\TEMP\tea.png"`:                         "tea.png",
		`attachment; filename="C:\\TEMP\\tea.png"`:                       "tea.png",
		`attachment; filename="\\server\new\tea.png"`:                    "tea.png",
		`attachment; filename=C:\TEMP\tea.png`:                           "tea.png",
		`attachment; filename="../../etc/passwd"`:                        "passwd",
		`attachment; filename="a \"b\" c.txt"`:                           `a "b" c.txt`,
		`attachment; filename*=utf-8''th%C3%A9.txt`:                      "th\u00e9.txt",
		`attachment; filename="the.txt"; filename*=utf-8''th%C3%A9.txt`:  "th\u00e9.txt",
		`attachment; filename*=utf-8''th%C3%A9.txt; filename="the.txt"`:  "th\u00e9.txt",
		`attachment; filename="the.txt"; filename*=`:                     "the.txt",
		`attachment; filename*0="long-"; filename*1="name.txt"`:          "long-name.txt",
		`attachment; filename*1="long-"; filename*2="name.txt"`:          "long-name.txt",
		`attachment; filename*1*=%20b; filename*0*=iso-8859-1'fr'%E9`:    "\u00e9 b",
		`attachment; filename*0="a"; filename*2="c"`:                     "a",
		`attachment; filename*=utf-8''..%2F..%2Fetc%2Fpasswd`:            "passwd",
		`attachment; filename==?utf-8?q?th=C3=A9.txt?=`:                  "th\u00e9.txt",
		`attachment; filename="=?utf-8?q?..=2F=5Cpasswd?="`:              "passwd",
		`attachment; filename=".."`:                                      "",
		`attachment; filename="a/.."`:                                    "",
		`attachment; filename="C:tea.png"`:                               "tea.png",
		`attachment; filename="D:\tea.png"`:                              "tea.png",
		`attachment; filename=".profile"`:                                ".profile",
		`attachment; filename="12:30.log"`:                               "12:30.log",
		`attachment; filename=" "`:                                       "",
		`attachment; filename="unclosed.txt`:                             "unclosed.txt",
		`attachment; filename="a.txt"; filename="b.txt"`:                 "a.txt",
		`attachment; filename*0*=utf-8''%E2%82; filename*1*=%AC; size=3`: "\u20ac",
		`attachment; filename*=us-ascii'en'plain.txt`:                    "plain.txt",
		`attachment; filename*=no-marks.txt`:                             "no-marks.txt",
	} {
		for range 5 { // whatever the order in which they are looked at
			m := parse(t, "Content-Type: image/png\nContent-Disposition: "+head+"\n\nx")
			if got := m.Body.Filename; got != want {
				t.Errorf("%s: %q, want %q", head, got, want)
				break
			}
		}
	}
}

func TestUUEncode(t *testing.T) {
	const head = "Content-Type: text/plain\nContent-Transfer-Encoding: X-UUEncode\n\n"
	for name, c := range map[string]struct{ body, want string }{
		"whole":              {"begin 644 tea.txt\n25&AE(&ME='1L92!B;VEL<RX*\n`\nend\n", "The kettle boils.\n"},
		"text around":        {"Here:\n\nbegin 644 tea.txt\n25&AE(&ME='1L92!B;VEL<RX*\n \nend\n\n-- \nfooter\n", "The kettle boils.\n"},
		"no end":             {"begin 644 tea.txt\n25&AE(&ME='1L92!B;VEL<RX*\n", "The kettle boils.\n"},
		"cut in a line":      {"begin 644 tea.txt\n25&AE(&ME", "The ke"},
		"cut in a group":     {"begin 644 tea.txt\n25&AE(&M\n", "The k"},
		"blanks lost within": {"begin 644 x\n#05\n#05)#\n`\nend\n", "AP\ufffdARC"},
		"blanks lost":        {"begin 644 x\n#    \nend\n", "\ufffd\ufffd\ufffd"},
		"not encoded":        {"begin at nine\n", ""},
		"nothing there":      {"The kettle boils.\n", "The kettle boils.\n"},
	} {
		m := parse(t, head+c.body)
		if m.Text() != c.want {
			t.Errorf("%s: %q, want %q", name, m.Text(), c.want)
		}
	}
}
