package dak

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"busbar/adapters"
	"busbar/adapters/adaptertest"
	"busbar/common/mail"
)

const captures = "../../../shared/captures/dak-mail"

var (
	isUpload = regexp.MustCompile(`^Accepted |\.changes ACCEPTED`)
	mojibake = regexp.MustCompile("\ufffd|Ã|=C3=|=3D|(?i:=\\?utf-8\\?)")
)

// Every mail that dak itself was seen to send becomes its event, or is skipped
// by name; signed and unsigned runs of one scenario tell the same facts.
func TestCaptures(t *testing.T) {
	ids := map[string]map[string]string{}
	for _, dir := range []string{"unsigned", "signed", "public"} {
		files, err := filepath.Glob(filepath.Join(captures, dir, "*.eml"))
		if err != nil || len(files) == 0 {
			t.Skipf("no captures in %s", captures)
		}
		ids[dir] = map[string]string{}
		counts := map[string]int{}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m, name := load(raw), filepath.Base(file)
			o, err := adapters.Run([]adapters.Translator[*mail.Message]{Translator()}, adapters.Item[*mail.Message]{Value: m})
			if err != nil {
				t.Fatal(err)
			}
			adaptertest.Check(t, Translator(), adapters.Item[*mail.Message]{Value: m})
			upload := isUpload.MatchString(m.Header.Get("Subject"))
			if upload != (len(o.Events) > 0) || o.Poison != "" {
				t.Errorf("%s/%s: an upload %v, but %d events, skip %q, poison %q", dir, name, upload, len(o.Events), o.Skip, o.Poison)
			}
			counts[o.Skip+o.Poison]++
			for _, e := range o.Events {
				counts[e.Kind.Topic]++
				ids[dir][name] += e.UUID().String() + " "
				b, err := json.Marshal(e.Body)
				if err != nil {
					t.Fatal(err)
				}
				if bad := mojibake.FindIndex(b); bad != nil {
					t.Errorf("%s/%s: wrongly decoded text: …%s…", dir, name, b[max(0, bad[0]-40):min(len(b), bad[1]+40)])
				}
				if !strings.Contains(string(b), `"signer_key":"`) && e.Kind.Family == "" {
					t.Errorf("%s/%s: no signing key", dir, name)
				}
			}
		}
		for what, n := range counts {
			t.Logf("%-8s %3d %s", dir, n, what)
		}
	}
	for name, id := range ids["unsigned"] {
		if ids["signed"][name] != id {
			t.Errorf("%s: the signed mail tells %q, the unsigned %q", name, ids["signed"][name], id)
		}
	}
	for _, pair := range [][2]string{
		{"09.accept-source-and-all.1.eml", "09.accept-source-and-all.2.eml"},
		{"21.policy-queue-accept.1.eml", "21.policy-queue-accept.2.eml"},
	} {
		if a, b := ids["signed"][pair[0]], ids["signed"][pair[1]]; a == "" || a != b {
			t.Errorf("%s tells %q, its copy %q", pair[0], a, b)
		}
	}
	if a, b := ids["signed"]["20.accept-to-policy-queue.1.eml"], ids["signed"]["21.policy-queue-accept.1.eml"]; a == "" || a == b {
		t.Errorf("into the queue and out of it have the ids %q and %q", a, b)
	}
}
