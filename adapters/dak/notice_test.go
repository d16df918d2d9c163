package dak

import (
	"slices"
	"strings"
	"testing"

	"busbar/common/mail"
	"busbar/common/translate"
)

func TestReadNotice(t *testing.T) {
	for name, c := range map[string]struct {
		head   string
		ok     bool
		file   string
		suites []string
		queue  string
	}{
		"2002":            {"Subject: Accepted fcmp 0.14-1 (all source)\n", true, "", nil, ""},
		"2010 maintainer": {"Subject: fcmp_0.14-1_i386.changes ACCEPTED into unstable\n", true, "fcmp_0.14-1_i386.changes", []string{"unstable"}, ""},
		"2008 maintainer": {"Subject: fcmp_0.14-1_i386.changes ACCEPTED\n", true, "fcmp_0.14-1_i386.changes", nil, ""},
		"2014":            {"Subject: Accepted fcmp 0.14-1 (source) into unstable\n", true, "", []string{"unstable"}, ""},
		"twice":           {"Subject: Accepted x 1 (source) into a-backports, a-backports\n", true, "", []string{"a-backports"}, ""},
		"several":         {"Subject: Accepted x 1 (source) into a, b\n", true, "", []string{"a", "b"}, ""},
		"header":          {"Subject: Accepted x 1 (source) into a\nDebian-Suite: b, c\nDebian-Changes: x.changes\n", true, "x.changes", []string{"b", "c"}, ""},
		"queue":           {"Subject:\n x_1_all.changes ACCEPTED into a->embargoed\n", true, "x_1_all.changes", []string{"a"}, "embargoed"},
		"queue, header":   {"Subject: x_1_all.changes ACCEPTED into a->q\nDebian-Suite: a->q, b->q\nDebian-Archive-Action: policy\n", true, "x_1_all.changes", []string{"a", "b"}, "q"},
		"reply":           {"Subject: Re: Accepted x 1 (source) into a\n", false, "", nil, ""},
		"rejected":        {"Subject: x_1_all.changes REJECTED\n", false, "", nil, ""},
		"prose":           {"Subject: Accepted as a member\n", false, "", nil, ""},
	} {
		n, ok := readNotice(mail.Parse([]byte(c.head+"\n"), mail.Limits{}).Header)
		if ok != c.ok {
			t.Errorf("%s: understood %v", name, ok)
			continue
		}
		if ok && (n.file != c.file || !slices.Equal(n.suites, c.suites) || n.queue != c.queue || n.policy != (c.queue != "")) {
			t.Errorf("%s: got %+v", name, n)
		}
	}
}

// Each notice that tells the bus nothing has its own reason.
func TestSilent(t *testing.T) {
	for head, want := range map[string]string{
		"Subject: x_1_all.changes is NEW\n":                             "dak: NEW notice",
		"Subject: hm\nDebian-Archive-Action: new\n":                     "dak: NEW notice",
		"Subject: x_1_all.changes REJECTED\n":                           "dak: rejection",
		"Subject: hm\nX-DAK-Rejection: manual\n":                        "dak: rejection",
		"Subject: Bug#7: Removed package(s) from unstable\n":            "dak: removal",
		"Subject: Bug#7: fixed in x 1\nDebian-Archive-Action: accept\n": "dak: bug closed by upload (debbugs confirms)",
		"Subject: Bug#7: fixed\nX-DAK: dak override \n":                 "dak: override change",
		"Subject: x override disparity\n":                               "dak: override change",
		"Subject: Results of processing x.dak-commands\n":               "dak: command results",
		"Subject: Comments regarding x_1_all.changes\n":                 "dak: comment",
		"Subject: Transitions completed: x\n":                           "dak: transition",
		"Subject: TSU Notification - x\n":                               "dak: legal notice",
		"Subject: Processing of x_1_all.changes\nX-DAK: DAK\n":          "dak: queue daemon",
		"Subject: x_1_i386.changes INSTALLED\n":                         "dak: installed (the old second notice of an upload)",
		"Subject: Log for dinstall run of 2026\n":                       "dak: notice for people",
		"Subject: \n": "dak: notice for people",
	} {
		it := translate.Item[*mail.Message]{Value: load([]byte("X-Debian: DAK\n" + head + "\nx\n"))}
		o, err := translate.Run([]translate.Translator[*mail.Message]{Translator()}, it)
		if err != nil || o.Skip != want || o.Translator != "dak" {
			t.Errorf("%q: got %+v, %v; want the skip %q", head, o, err, want)
		}
	}
}

func TestClaims(t *testing.T) {
	for head, want := range map[string]bool{
		"X-Debian: DAK\n":                                  true,
		"X-DAK: dak process-upload\n":                      true,
		"X-Katie: $Revision: 1.8 $\n":                      true,
		"X-Debian: buildd.debian.org\n":                    false,
		"Subject: Accepted x 1 (source)\n":                 false,
		"X-Debian: DAK\nX-Debian-PR-Message: followup 7\n": false, // debbugs passed it on
	} {
		if got := ours(mail.Parse([]byte(head+"\n"), mail.Limits{}).Header); got != want {
			t.Errorf("%q: claimed %v", head, got)
		}
	}
}

func TestUploadKey(t *testing.T) {
	a := UploadKey("teapot", "3.1-2", []string{"source", "all"}, []string{"unstable"}, "accept")
	if want := "upload/teapot_3.1-2/all,source/unstable/accept"; a != want {
		t.Errorf("got %q, want %q", a, want)
	}
	if b := UploadKey("teapot", "3.1-2", []string{"all", "source", "all"}, []string{"unstable"}, "accept"); a != b {
		t.Errorf("another order makes %q", b)
	}
	for _, other := range []string{
		UploadKey("teapot", "3.1-3", []string{"source", "all"}, []string{"unstable"}, "accept"),
		UploadKey("teapot", "3.1-2", []string{"all"}, []string{"unstable"}, "accept"),
		UploadKey("teapot", "3.1-2", []string{"source", "all"}, []string{"experimental"}, "accept"),
		UploadKey("teapot", "3.1-2", []string{"source", "all"}, []string{"unstable"}, "queue/new"),
	} {
		if other == a {
			t.Errorf("another fact has the same key %q", other)
		}
	}
	var many []string
	for i := range 500 {
		many = append(many, strings.Repeat("x", i))
	}
	if k := UploadKey("x", "1", many, nil, "accept"); len(k) > 200 {
		t.Errorf("a key of %d bytes", len(k))
	}
}
