package security

import (
	"slices"
	"strings"
	"testing"

	"busbar/common/mail"
	"busbar/common/translate"
)

func outcome(t *testing.T, raw string) translate.Outcome {
	t.Helper()
	o, err := translate.Run([]translate.Translator[*mail.Message]{Translator()}, translate.Item[*mail.Message]{Value: load([]byte(raw))})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestFields: the fields may go on in the next line, and end before the first
// paragraph; names and numbers in the prose are no fields.
func TestFields(t *testing.T) {
	for name, c := range map[string]struct {
		text           string
		packages, cves []string
		bugs           []int
		poison         bool
	}{
		"short":     {"Package        : tea\n\nCVE ID: CVE-2026-9999\n", []string{"tea"}, nil, nil, false},
		"all":       {"Package : tea\nCVE ID : CVE-2026-1234 CVE-2026-123456\n         CVE-2026-1235\nDebian Bug : 7, #8\n", []string{"tea"}, []string{"CVE-2026-1234", "CVE-2026-123456", "CVE-2026-1235"}, []int{7, 8}, false},
		"old":       {"Package : tea\nProblem type : local\nCVE Id(s) : CAN-2004-1234\nDebian Bug     : none\n", []string{"tea"}, []string{"CVE-2004-1234"}, nil, false},
		"several":   {"Package        : tea, kettle;cup\n", []string{"tea", "kettle", "cup"}, nil, nil, false},
		"DOS":       {"Package        : tea\r\nCVE ID : CVE-2026-1234\r\n\r\nx\r\n", []string{"tea"}, []string{"CVE-2026-1234"}, nil, false},
		"none":      {"It leaks.\n", nil, nil, nil, true},
		"odd bytes": {"Package        : t\xe9a\n", nil, nil, nil, true},
		"empty":     {"Package        :\n", nil, nil, nil, true},
	} {
		raw := "Subject: [SECURITY] [DSA 6901-1] tea security update\n\nDebian Security Advisory DSA-6901-1   team\nhttps://www.debian.org/security/   Iris Weaver\n\n" + c.text
		o := outcome(t, raw)
		if c.poison != (o.Poison != "") || c.poison == (len(o.Events) > 0) {
			t.Errorf("%s: got %+v", name, o)
			continue
		}
		if c.poison {
			continue
		}
		b := o.Events[0].Body.(Published)
		if !slices.Equal(b.Packages, c.packages) || !slices.Equal(b.CVEs, c.cves) || !slices.Equal(b.Bugs, c.bugs) || b.Author != "Iris Weaver" {
			t.Errorf("%s: got %+v", name, b)
		}
		if o.Events[0].Key != "advisory/DSA-6901-1" {
			t.Errorf("%s: the key is %q", name, o.Events[0].Key)
		}
	}
}

// TestNoAdvisory: replies and talk about advisories are nobody's here.
func TestNoAdvisory(t *testing.T) {
	const subject, text = "[SECURITY] [DSA 6901-1] tea security update", "Debian Security Advisory DSA-6901-1  team\n\nPackage : tea\n"
	for name, raw := range map[string]string{
		"reply":            "Subject: Re: " + subject + "\n\n" + text,
		"quoted":           "Subject: " + subject + "\n\n> " + text,
		"another number":   "Subject: " + strings.Replace(subject, "6901", "6902", 1) + "\n\n" + text,
		"another team":     "Subject: " + strings.Replace(subject, "DSA", "DLA", 1) + "\n\n" + text,
		"from the tracker": "X-Debian-PR-Message: followup 7\nSubject: " + subject + "\n\n" + text,
	} {
		if o := outcome(t, raw); o.Translator != "" {
			t.Errorf("%s: claimed: %+v", name, o)
		}
	}
	if o := outcome(t, "Subject: "+subject+"\n\n"+text); len(o.Events) != 1 {
		t.Errorf("as it is: %+v", o)
	}
}
