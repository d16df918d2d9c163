package webhook

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestIDs: only a forge's own sign makes or deletes a ref; whatever else cannot
// be read is an error that says what stood there.
func TestIDs(t *testing.T) {
	id, id256 := strings.Repeat("a0", 20), strings.Repeat("c2", 32)
	none, none256 := strings.Repeat("0", 40), strings.Repeat("0", 64)
	text := func(s string) string { raw, _ := json.Marshal(s); return string(raw) } // of a string: it always can
	odd := map[string]string{                                                       // as JSON: what the reason quotes
		text("zz"): "zz", text("sha256:" + id256): "sha256:", "3333333333": "3333333333", text(id[:39]): id[:39], text(id + " "): id, text(" " + id): id,
		text(id[:7]): id[:7], "true": "true", "[]": "[]", "{}": "{}", text(id + "00"): id, "0": "0", text("0"): "0", text(none[:39]): none[:39], text("x" + none[1:]): "x0",
		text("0x" + id[:38]): "0x", text("а0" + id[:38]): "а0", "-1": "-1", "1e40": "1e40", text("null"): "null",
	}
	absent := map[string]string{"": "not given", "null": "null", `""`: "empty"}
	set := map[string]string{text(id): id, text(strings.ToUpper(id)): id, text(id256): id256, text(strings.ToUpper(id256)): id256}
	zeros := []string{text(none), text(none256)}
	type end struct{ raw, want, fails string }
	var before, after []end
	for raw, name := range set {
		before, after = append(before, end{raw, name, ""}), append(after, end{raw, name, ""})
	}
	for _, raw := range zeros {
		before, after = append(before, end{raw, "", ""}), append(after, end{raw, "", ""})
	}
	for raw := range odd {
		before, after = append(before, end{raw, "", "before is no id: "}), append(after, end{raw, "", "after is no id: "})
	}
	for raw, what := range absent {
		before, after = append(before, end{raw, "", "before is " + what + ","}), append(after, end{raw, "", "after is " + what + ","})
	}
	tried := 0
	for _, forge := range []Forge{GitLab, Forgejo, GitHub} {
		for _, o := range before {
			for _, n := range after {
				for _, flags := range []string{"", "created", "deleted"} {
					want := o.fails + n.fails
					if strings.HasSuffix(o.fails, ",") && flags != "" {
						want = n.fails
					}
					if strings.HasSuffix(n.fails, ",") && flags == "deleted" {
						want = strings.TrimSuffix(want, n.fails)
					}
					if flags == "deleted" && n.want != "" {
						want = "called deleted"
					}
					if want == "" && o.want != "" && n.want != "" && len(o.want) != len(n.want) {
						want = "digits, after"
					}
					if want == "" && flags == "created" && strings.Trim(n.raw, "\"0") == "" && n.raw != `""` && n.raw != "" {
						want = "called new"
					}
					tried++
					p, _, err := Parse(forge, "push", moved(o.raw, n.raw, flags))
					if want == "" && (err != nil || p.Updates[0].Old != o.want || p.Updates[0].New != n.want) {
						t.Errorf("%s: before %s, after %s, %s: %+v, %v", forge, o.raw, n.raw, flags, p, err)
					}
					if want != "" && (err == nil || !mentions(err, want)) {
						t.Errorf("%s: before %s, after %s, %s: %+v, %v; want an error %q", forge, o.raw, n.raw, flags, p, err, want)
					}
				}
			}
		}
	}
	for raw, quoted := range odd {
		if _, _, err := Parse(GitHub, "push", moved(text(id), raw, "")); err == nil || !strings.Contains(err.Error(), quoted) {
			t.Errorf("the reason for %s is %v", raw, err)
		}
		lab := fmt.Sprintf(`{"event_name":"repository_update","project":{"path_with_namespace":"a"},"changes":[{"ref":"refs/heads/a","before":%q,"after":%s}]}`, id, raw)
		if _, _, err := Parse(GitLab, "", []byte(lab)); err == nil {
			t.Errorf("repository_update: %s is an id", raw)
		}
		commits := fmt.Sprintf(`{"ref":"refs/heads/a","before":%q,"after":%q,"repository":{"full_name":"a"},"commits":[{"id":%s}]}`, none, id, raw)
		if _, _, err := Parse(Forgejo, "push", []byte(commits)); err == nil {
			t.Errorf("a commit has the id %s", raw)
		}
	}
	t.Logf("%d payloads", tried)
}

// mentions reports whether an error is one of those that want is made of.
func mentions(err error, want string) bool {
	for _, w := range []string{"before is no id: ", "after is no id: ", "before is not given,", "after is not given,", "before is null,", "after is null,", "before is empty,", "after is empty,", "called deleted", "digits, after", "called new"} {
		if strings.Contains(want, w) && strings.Contains(err.Error(), w) {
			return true
		}
	}
	return false
}

// moved is a push with raw JSON for its ids; empty leaves the member out.
func moved(before, after, flag string) []byte {
	body := `{"object_kind":"push","ref":"refs/heads/a","project":{"path_with_namespace":"a"},"repository":{"full_name":"a"}`
	for name, raw := range map[string]string{"before": before, "after": after} {
		if raw != "" {
			body += fmt.Sprintf(`,%q:%s`, name, raw)
		}
	}
	if flag != "" {
		body += fmt.Sprintf(`,%q:true`, flag)
	}
	return []byte(body + "}")
}

// TestBytes: refs and repositories that differ in bytes which are no UTF-8, or in
// halves of surrogates, are different.
func TestBytes(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"caf\xe9", "caf\xe8", "café", `caf\u00e9x`, `caf\udce9`, `caf\udce8`, `caf\ud800`, "caf\xef\xbf\xbd", `caf\ufffdx`, "caf", "caf ", "caf\\n"} {
		for _, forge := range []Forge{GitLab, GitHub} {
			body := strings.NewReplacer("refs/heads/a", "refs/heads/"+name, `:"a"`, `:"`+name+`"`).Replace(string(moved(`"`+strings.Repeat("0", 40)+`"`, `"`+strings.Repeat("a0", 20)+`"`, "")))
			p, _, err := Parse(forge, "push", []byte(body))
			if err != nil {
				t.Fatalf("%q: %v", name, err)
			}
			key := fmt.Sprintf("%s %q %q", forge, p.Repository, p.Updates[0].Ref)
			if other, taken := seen[key]; taken {
				t.Errorf("%q and %q are one", other, name)
			}
			seen[key] = name
		}
	}
}

// TestMembers: a name is what it is, bytes and case, and stands there once.
func TestMembers(t *testing.T) {
	id, none := strings.Repeat("a0", 20), strings.Repeat("0", 40)
	plain := string(moved(`"`+none+`"`, `"`+id+`"`, ""))
	with := func(more string) string { return strings.TrimSuffix(plain, "}") + "," + more + "}" }
	for body, why := range map[string]string{
		plain:                             "",
		with(`"After":"` + none + `"`):    "",
		with(`"DELETED":true`):            "",
		with(`"b\u0065fore2":1`):          "",
		with(`"x":1,"x":2`):               "", // not ours
		with(`"after":"` + none + `"`):    `"after" stands there twice`,
		with(`"\u0061fter":"` + id + `"`): `"after" stands there twice`,
		with(`"ref":"refs/heads/b"`):      `"ref" stands there twice`,
		strings.ReplaceAll(plain, `"full_name":"a"`, `"full_name":"a","Full_Name":"b"`): "",
		strings.ReplaceAll(plain, `"full_name":"a"`, `"full_name":"a","full_name":"b"`): `"full_name" stands there twice`,
		strings.ReplaceAll(plain, `"refs/heads/a"`, `5`):                                `"ref": json: cannot unmarshal number`,
		strings.ReplaceAll(plain, `"refs/heads/a"`, `"main"`):                           `"main" is no ref's full name`,
		strings.ReplaceAll(plain, `"refs/heads/a"`, `"refs/heads/"`):                    `"refs/heads/" is no ref's full name`,
		strings.ReplaceAll(plain, `"refs/heads/a"`, `"refs/heads/\u0000"`):              `is no ref's full name`,
		with(`"commits":[null]`):             "id is not given",
		with(`"commits":null,"pusher":null`): "",
		with(`"commits":[5]`):                `"5" is no object`,
		with(`"pusher":"nora"`):              `is no object`,
		plain + "x":                          "invalid character",
		strings.TrimSuffix(plain, "}"):       "unexpected end",
		"[]":                                 "is no object",
		"null":                               "it names no ref",
	} {
		p, _, err := Parse(GitHub, "push", []byte(body))
		if why == "" && (err != nil || p.Repository != "a" || len(p.Updates) != 1 || p.Updates[0].New != id) {
			t.Errorf("%s: %+v, %v", body, p, err)
		}
		if why != "" && (err == nil || !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "PANIC")) {
			t.Errorf("%s: %v, want %q", body, err, why)
		}
	}
	for header, why := range map[string]string{"Push Hook": "", "Tag Push Hook": "", "System Hook": "what kind of event", "Note Hook": "what kind of event"} {
		_, _, err := Parse(GitLab, header, []byte(strings.Replace(plain, `"object_kind":"push",`, "", 1)))
		if why == "" && err != nil || why != "" && (err == nil || !strings.Contains(err.Error(), why)) {
			t.Errorf("%s: %v", header, err)
		}
	}
}
