package dak

import (
	"strings"
	"testing"

	"busbar/common/event"
)

const plainChanges = "Format: 1.8\nDate: Mon, 02 Mar 2026 09:15:00 +0100\nSource: teapot\nArchitecture: source\nVersion: 3.1-2\n" +
	"Distribution: unstable\nUrgency: low (HIGH for users of gas)\nMaintainer: Nora <nora@example.org>\nCloses: 7, 8 #9 7\n" +
	"Changes:\n teapot (3.1-2) unstable; urgency=low\n .\n   * Non-maintainer upload.\nChecksums-Sha1:\n 4567 17 teapot_3.1-2.dsc\nFiles:\n 0123 17 utils optional teapot_3.1-2.dsc\n"

func TestReadChanges(t *testing.T) {
	for name, c := range map[string]struct{ text, fault string }{
		"plain":             {plainChanges, ""},
		"in a mail":         {"Thank you\n\nAccepted:\n\n" + plainChanges + "\n\nGood bye: x\n", ""},
		"nothing":           {"Thank you\n", "holds no .changes file"},
		"empty":             {"", "holds no .changes file"},
		"line without sign": {strings.Replace(plainChanges, "Version", "what is this\nVersion", 1), "cannot be read"},
		"twice":             {plainChanges + "Source: kettle\n", "Source stands twice"},
		"no source":         {strings.Replace(plainChanges, "Source: teapot\n", "", 1), "no usable Source"},
		"bad source":        {strings.Replace(plainChanges, "teapot\n", "../etc\n", 1), "no usable Source"},
		"no version":        {strings.Replace(plainChanges, "Version: 3.1-2\n", "", 1), "no usable Version"},
		"bad version":       {strings.Replace(plainChanges, "Version: 3.1-2\n", "Version: 3 1\n", 1), "no usable Version"},
		"odd architecture":  {strings.Replace(plainChanges, "Architecture: source\n", "Architecture: source a/b\n", 1), "no usable Architecture"},
		"no lists":          {plainChanges[:strings.Index(plainChanges, "Checksums")], "list of files in its .changes file stops"},
		"half a list":       {plainChanges[:strings.Index(plainChanges, " optional")] + "\n", "list of files in its .changes file stops"},
		"half a line":       {strings.TrimSuffix(plainChanges, ".dsc\n"), "has no end"},
		"half a name":       {strings.TrimSuffix(plainChanges, ".dsc\n") + "\n", "other files each"},
		"list not there":    {strings.Replace(plainChanges, " 4567 17 teapot_3.1-2.dsc\n", "", 1), "Checksums-Sha1 in its .changes file stops"},
		"half signed":       {"-----BEGIN PGP SIGNED MESSAGE-----\n\n" + plainChanges, "has no end"},
		"half a signature":  {"-----BEGIN PGP SIGNED MESSAGE-----\n\n" + plainChanges + "-----BEGIN PGP SIGNATURE-----\n\niQx\n", "has no end"},
		"many fields":       {strings.Replace(plainChanges, "Source:", strings.Repeat("A: b\n", 2000)+"Source:", 1), "cannot be read"},
		"no architecture":   {strings.Replace(plainChanges, "Architecture: source\n", "", 1), "no Architecture"},
	} {
		_, err := readChanges(c.text)
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: got %v, want %q", name, err, c.fault)
		}
	}
}

func TestUpload(t *testing.T) {
	c, err := readChanges(plainChanges)
	if err != nil {
		t.Fatal(err)
	}
	u := c.upload()
	nora := event.Person{Name: "Nora", Email: "nora@example.org"}
	if u.Urgency != "low" || u.Person != nora || u.Maintainer != nora || !u.Sourceful || !u.NMU || u.Date != "2026-03-02T08:15:00Z" {
		t.Errorf("got %+v", u)
	}
	if got := c.closes(); len(got) != 2 || got[0] != 7 || got[1] != 8 {
		t.Errorf("closes %v", got)
	}
	want := File{Name: "teapot_3.1-2.dsc", Size: 17, MD5: "0123", SHA1: "4567", Section: "utils", Priority: "optional"}
	if len(u.Files) != 1 || u.Files[0] != want {
		t.Errorf("files %+v", u.Files)
	}
	o := c.oldUpload()
	if o["Changes"] != "\n teapot (3.1-2) unstable; urgency=low\n .\n   * Non-maintainer upload." {
		t.Errorf("old form of Changes: %q", o["Changes"])
	}
	if o["Version"] != "3.1-2" || o["Files"].([]map[string]string)[0]["size"] != "17" {
		t.Errorf("old form: %v", o)
	}
}

func TestBinNMU(t *testing.T) {
	for name, c := range map[string]struct {
		source, version, more string
		is                    bool
		n                     int
	}{
		"rebuild":        {"saucer (2.0-4)", "2.0-4+b3", "Binary-Only: yes\n", true, 3},
		"field missing":  {"saucer (2.0-4)", "2.0-4+b12", "", true, 12},
		"own version":    {"saucer (2.0-4)", "1:7", "", false, 0},
		"strange source": {"saucer", "2.0+b1", "", false, 0},
		"field alone":    {"saucer", "2.0", "Binary-Only: yes\n", true, 0},
	} {
		ch, err := readChanges("Format: 1.8\nSource: " + c.source + "\nVersion: " + c.version + "\nArchitecture: amd64\n" + c.more + "Files:\n 0 1 s p f\n")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if is, n := ch.binNMU(); is != c.is || n != c.n {
			t.Errorf("%s: got %v %d", name, is, n)
		}
	}
	if nmu(" * Binary-only non-maintainer upload for amd64") || !nmu(" * Non-Maintainer Upload by the team") || nmu("x") {
		t.Error("an NMU is not told from a rebuild")
	}
}

// A list beyond its bound is cut, and the event says so.
func TestBounds(t *testing.T) {
	var files strings.Builder
	for i := range maxList + 10 {
		files.WriteString(" 0 1 s p " + strings.Repeat("f", i%7) + "_" + strings.Repeat("g", i/7%150) + strings.Repeat("h", i/1050) + "\n")
	}
	c, err := readChanges("Format: 1.8\nSource: a\nVersion: 1\nArchitecture: all\nChanges:\n " + strings.Repeat("é", 40000) + "\nFiles:\n" + files.String())
	if err != nil {
		t.Fatal(err)
	}
	u := c.upload()
	if !u.Truncated || len(u.Files) > maxList || len(u.ChangesText) > maxText || strings.Contains(u.ChangesText, "\ufffd") {
		t.Errorf("truncated %v, %d files, %d bytes of text", u.Truncated, len(u.Files), len(u.ChangesText))
	}
}

func FuzzReadChanges(f *testing.F) {
	f.Add(plainChanges)
	f.Add("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA1\n\n" + plainChanges + "-----BEGIN PGP SIGNATURE-----\n\niD8=\n-----END PGP SIGNATURE-----\n")
	f.Add("Format: 1\n x\n.\n#\n: \n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := readChanges(text)
		if err != nil {
			return
		}
		if u := c.upload(); u.Package == "" || u.Version == "" || len(u.Files) > maxList {
			t.Errorf("got %+v", u)
		}
		c.oldUpload()
	})
}
