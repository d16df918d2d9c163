package dak

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"busbar/adapters/adaptertest"
	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/fixtures/corpus"
)

var (
	isUpload = regexp.MustCompile(`(?m)^(?:Subject: )?Accepted |\.changes ACCEPTED`)
	isBroken = regexp.MustCompile(`-(?:cut|odd-name)\.mail$`) // these are poison, and must be
	mojibake = regexp.MustCompile("\ufffd|Ã|=C3=|=3D|(?i:=\\?utf-8\\?)")
)

// Every mail that dak sends becomes its event, or is skipped by name, whether it
// is a fixture or was seen; signed and unsigned runs of one scenario tell the
// same facts.
func TestMails(t *testing.T) {
	c := corpus.Files(t, []string{"dak/*.mail", "lists/*.mail"}, "dak-mail/*/*.eml")
	own, _ := outcomes(t, "fixtures", c.Own)
	for _, file := range c.Own {
		raw := read(t, file)
		if signed, ok := withoutSignature(raw); ok && isUpload.Match(raw) {
			a, b := keys(t, raw), keys(t, signed)
			if a != b {
				t.Errorf("%s tells %q, without its signature %q", file, a, b)
			}
		}
	}
	dirs := map[string][]string{}
	for _, file := range c.Captured {
		dir := filepath.Base(filepath.Dir(file))
		dirs[dir] = append(dirs[dir], file)
	}
	ids, seen := map[string]map[string]string{}, map[string]int{}
	for dir, files := range dirs {
		counts, keys := outcomes(t, dir, files)
		maps.Copy(seen, counts)
		ids[dir] = keys
	}
	corpus.Covered(t, own, seen, nil)
	if len(dirs) > 0 {
		sameFacts(t, ids)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func keys(t *testing.T, raw []byte) (list string) {
	t.Helper()
	o, err := translate.Run([]translate.Translator[*mail.Message]{Translator(Options{Private: true})}, translate.Item[*mail.Message]{Value: load(raw)})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range o.Events {
		list += e.Kind.Topic + " " + e.UUID().String() + "\n"
	}
	return list
}

var signature = regexp.MustCompile(`(?s)-----BEGIN PGP SIGNATURE-----.*?-----END PGP SIGNATURE-----\n`)

// withoutSignature is an announcement as an archive writes it that does not ask
// for signatures.
func withoutSignature(raw []byte) ([]byte, bool) {
	before, after, ok := bytes.Cut(raw, []byte("-----BEGIN PGP SIGNED MESSAGE-----\n"))
	_, after, _ = bytes.Cut(after, []byte("\n\n")) // the hash's name
	if !ok || !signature.Match(after) {
		return nil, false
	}
	return slices.Concat(before, signature.ReplaceAll(after, nil)), true
}

// outcomes translates mails, and gives how many became what, and the ids of each.
func outcomes(t *testing.T, dir string, files []string) (counts map[string]int, ids map[string]string) {
	t.Helper()
	counts, ids = map[string]int{}, map[string]string{}
	for _, file := range files {
		m, name := load(read(t, file)), filepath.Base(file)
		o, err := translate.Run([]translate.Translator[*mail.Message]{Translator(Options{Private: true})}, translate.Item[*mail.Message]{Value: m})
		if err != nil {
			t.Fatal(err)
		}
		adaptertest.Check(t, Translator(Options{Private: true}), translate.Item[*mail.Message]{Value: m})
		upload, broken := isUpload.MatchString(m.Header.Get("Subject")), isBroken.MatchString(name)
		if upload && !broken && len(o.Events) == 0 || broken != (o.Poison != "") {
			t.Errorf("%s/%s: an upload %v, but %d events, skip %q, poison %q", dir, name, upload, len(o.Events), o.Skip, o.Poison)
		}
		if broken {
			continue
		}
		counts[o.Skip]++
		for _, e := range o.Events {
			counts[e.Kind.Topic]++
			ids[name] += e.UUID().String() + " "
			b, err := json.Marshal(e.Body)
			if err != nil {
				t.Fatal(err)
			}
			if bad := mojibake.FindIndex(b); bad != nil {
				t.Errorf("%s/%s: wrongly decoded text: …%s…", dir, name, b[max(0, bad[0]-40):min(len(b), bad[1]+40)])
			}
			if upload && !strings.Contains(string(b), `"signer_key":"`) && e.Kind.Family == "" {
				t.Errorf("%s/%s: no signing key", dir, name)
			}
		}
	}
	for what, n := range counts {
		t.Logf("%-8s %3d %s", dir, n, what)
	}
	return counts, ids
}

// sameFacts holds the signed and unsigned runs of the captured scenarios to each
// other, and copies of one mail.
func sameFacts(t *testing.T, ids map[string]map[string]string) {
	t.Helper()
	for name, id := range ids["unsigned"] {
		signed, both := ids["signed"][name]
		if both && signed != id && !strings.HasPrefix(name, "17.") { // which holds the time of its run
			t.Errorf("%s: the signed mail tells %q, the unsigned %q", name, signed, id)
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
