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

// Each form of mail is known by its subject, or by the fields of 2022.
func TestForms(t *testing.T) {
	const rule = "\n----------------------------------------------\n"
	for head, c := range map[string]struct{ text, want string }{
		"Subject: x_1_all.changes is NEW\n":                                    {"binary:x is NEW.\n\nWait.\n", "dak.upload.hold"},
		"Subject: hm\nDebian-Archive-Action: new\nDebian-Changes: x.changes\n": {"x byhand\n\nWait.\n", "dak.upload.hold"},
		"Subject: x_1_all.changes REJECTED\n":                                  {"no\n===\n", "dak.upload.reject"},
		"Subject: hm\nX-DAK-Rejection: manual\nDebian-Changes: x.changes\n":    {"no\n===\n", "dak.upload.reject"},
		"Subject: x_1_all.changes UNACCEPT\n":                                  {"no\n\n===\n", "dak.upload.reject"},
		"Subject: Bug#7: Removed package(s) from unstable\n":                   {"x | 1 | all\n--- Reason ---\n", "cut"},
		"Subject: Bug#7: Removed package(s) from a and b\n":                    {"x | 1 | all\n----- Reason -----\nno" + rule + "Ivo (the ftpmaster behind the curtain)\n", "dak.package.remove"},
		"Subject: Bug#7: fixed in x 1\nDebian-Archive-Action: accept\n":        {"Source: x\n\n" + signedText(""), "dak.bug.close"},
		"Subject: Bug#7: fixed\nX-DAK: dak override \n":                        {"Concerning package x...\nChanged section from a to b\n\npp.\n", "dak.override.update"},
		"Subject: x override disparity\n":                                      {"x.deb: package says section is a, override says b.\n\nOne is wrong.\n", "dak.override.warn"},
		"Subject: Results of processing x.dak-commands\n":                      {"> Action: dm\n\nAllowed: x\n", "dak.command.process"},
		"Subject: Comments regarding x_1_all.changes\n":                        {"Hm.\n", "dak.upload.comment"},
		"Subject: Transitions completed: x\n":                                  {"Looking at transition: x\n", "dak.transition.complete"},
		"Subject: TSU Notification - x\n":                                      {"x\n", "dak.notice.send"},
		"Subject: Processing of x_1_all.changes\nX-DAK: DAK\n":                 {"no\n\nGreetings,\n\n\tYour Debian queue daemon (running on host a)\n", "queued.upload.process"},
		"Subject: Processing of x.commands\nX-DAK: DAK\n":                      {"> rm x\n\tYour Debian queue daemon (running on host a)\n", "queued.command.process"},
		"Subject: x_1_i386.changes INSTALLED\n":                                {"x\n", "dak: installed (the old second notice of an upload)"},
		"Subject: \nTo: control@bugs.example.org\n":                            {"usertag 7 x\n", "dak: commands to the bug tracker (which tells what they did)"},
		"Subject: Log for dinstall run of 2026\n":                              {"x\n", "dak.notice.send"},
		"Subject: \n": {"x\n", "dak.notice.send"},
	} {
		o := outcome(t, []byte("X-Debian: DAK\n"+head+"\n"+c.text))
		got := o.Skip
		if len(o.Events) > 0 {
			got = o.Events[0].Kind.Topic
		} else if strings.HasPrefix(o.Poison, "cut: ") {
			got = "cut"
		}
		if got != c.want || o.Translator != "dak" {
			t.Errorf("%q: got %+v; want %q", head, o, c.want)
		}
	}
}

// TestAccountsArePrivate: nothing of a person's own mail is told unless asked for.
func TestAccountsArePrivate(t *testing.T) {
	raw := read(t, fixtures+"/account.mail")
	table := []translate.Translator[*mail.Message]{Translator(Options{})}
	o, err := translate.Run(table, translate.Item[*mail.Message]{Value: load(raw)})
	if err != nil || o.Skip != "dak: private: an account was opened" || len(o.Events) > 0 {
		t.Errorf("it becomes %+v (%v)", o, err)
	}
	if o := outcome(t, raw); len(o.Events) != 1 {
		t.Errorf("with Private it becomes %+v", o)
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
