package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"busbar/fixtures/cases"
)

// alphabet makes passwords of what URLs, quotes and patterns treat in their own
// way.
const alphabet = "abcXYZ0189%@:/?#[]&=+$,;'\"\\ ~!*()|^{}<>é世"

func draw(r *rand.Rand) string {
	letters := []rune(alphabet)
	s := make([]rune, 8+r.IntN(12))
	for i := range s {
		s[i] = letters[r.IntN(len(letters))]
	}
	return "Pw" + string(s) // nothing else in the texts below begins so
}

// shown is everything that prints by way of a type's own methods, or without
// any, as for a field that is not exported.
func shown(t *testing.T, v any) string {
	t.Helper()
	type wrapped struct {
		Public any
		hidden any
	}
	var b bytes.Buffer
	for _, x := range []any{v, &v, wrapped{v, v}, []any{v}, map[string]any{"v": v}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
			fmt.Fprintf(&b, verb+"\n", x)
		}
	}
	j, err := json.Marshal(map[string]any{"v": v})
	if err != nil {
		t.Fatal(err)
	}
	b.Write(j)
	if err := toml.NewEncoder(&b).Encode(map[string]any{"v": v}); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v, "in", wrapped{v, v})
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
	b.WriteString(fmt.Errorf("trouble with %v and %w", v, fmt.Errorf("%+v", v)).Error())
	return b.String()
}

// leaks says whether a text tells a password, in any form that it may have.
func leaks(text, password string) bool {
	forms := append([]string{password}, url.QueryEscape(password), url.PathEscape(password), url.UserPassword("", password).String()[1:])
	quoted := fmt.Sprintf("%q", password)
	forms = append(forms, quoted[1:len(quoted)-1], fmt.Sprintf("%x", password))
	for _, f := range forms {
		if strings.Contains(text, f) {
			return true
		}
	}
	return false
}

type inner struct {
	text Text
	url  URL
}

func TestNeverShown(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range cases.Of(60, 300) {
		p := draw(r)
		if text := shown(t, New(p)); leaks(text, p) {
			t.Fatalf("%q is shown: %s", p, text)
		}
		for _, address := range addresses(p) {
			u := NewURL(address)
			if !u.HasPassword() {
				t.Fatalf("in %q no password is seen", address)
			}
			if u.Reveal() != address {
				t.Fatalf("%q became %q", address, u.Reveal())
			}
			if text := shown(t, u); leaks(text, p) {
				t.Fatalf("%q of %q is shown: %s", p, address, text)
			}
			if text := shown(t, inner{New(p), u}); leaks(text, p) {
				t.Fatalf("%q of a field that is not exported is shown: %s", p, text)
			}
			_, perr := url.Parse(address + "\x00")
			plain := "https://jane:" + p + "@bugs.example.org:tea/soap" // as people write it who do not know of escapes
			_, bare := url.Parse(plain)
			if got := Hide(plain, bare); leaks(got.Error(), p) || strings.Contains(got.Error(), p[:min(len(p), 6)]) || !errors.Is(got, bare) {
				t.Fatalf("%q of %q is told by an error: %v", p, plain, got)
			}
			for _, err := range []error{perr, fmt.Errorf("dialling %s: refused", address), fmt.Errorf("password %s is wrong", p)} {
				if err == nil { // all is behind a #, where nothing is read
					continue
				}
				if got := Hide(address, err); leaks(got.Error(), p) || !errors.Is(got, err) {
					t.Fatalf("%q of %q is told by an error: %v", p, address, got)
				}
			}
		}
	}
}

// addresses hold a password in each form that the programs take.
func addresses(p string) []string {
	quoted := "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(p) + "'"
	return []string{
		(&url.URL{Scheme: "https", Host: "bugs.example.org", Path: "/soap", User: url.UserPassword("jane", p)}).String(),
		"mariadb://jane:" + strings.ReplaceAll(url.QueryEscape(p), "+", "%20") + "@db.example.org/shop",
		"postgres://db.example.org/shop?user=jane&password=" + url.QueryEscape(p),
		"host=db.example.org user=jane password = " + quoted + " dbname=shop",
	}
}

func TestRedactLeavesTheRest(t *testing.T) {
	for in, want := range map[string]string{
		"":                                                  "",
		"sqlite:/srv/a=b@c.db":                              "sqlite:/srv/a=b@c.db",
		"https://bugs.example.org/soap?x=1":                 "https://bugs.example.org/soap?x=1",
		"https://example.org:8080/a@b":                      "https://example.org:8080/a@b",
		"postgres://guest@localhost/wanna-build":            "postgres://guest@localhost/wanna-build",
		"postgres://guest:tea@localhost/wanna-build":        "postgres://guest:xxxxx@localhost/wanna-build",
		"postgres://guest:t/e@a@localhost/wb":               "postgres://guest:xxxxx@localhost/wb",
		"service=wanna-build password=tea sslmode=disable":  "service=wanna-build password=xxxxx sslmode=disable",
		"mysql://j:tea@h/d?socket=/run/my.sock&password=te": "mysql://j:xxxxx@h/d?socket=/run/my.sock&password=xxxxx",
	} {
		if got := Redact(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
	if got := Scrub(`unexpected argument "http://u:hunter22@127.0.0.1/x", and token=abc`); got != `unexpected argument "http://u:xxxxx@127.0.0.1/x", and token=xxxxx` {
		t.Errorf("%q", got)
	}
	if err := errors.New("refused"); Hide("postgres://a:b@c/d", err) != err || Hide("x", nil) != nil {
		t.Error("an error without a password is another one")
	}
}

func TestEmpty(t *testing.T) {
	var u URL
	if err := u.UnmarshalText(nil); err != nil || !u.Empty() || u != (URL{}) || u.HasPassword() || fmt.Sprint(u) != "" {
		t.Errorf("%v, %v", u, err)
	}
	if text := New(""); !text.Empty() || text.String() != "" || New("x").Empty() {
		t.Error("the empty text is a secret")
	}
}

func TestFirstLine(t *testing.T) {
	dir := t.TempDir()
	for i, c := range []struct{ text, want string }{{"tea\n", "tea"}, {"tea", "tea"}, {"tea\r\nmilk\n", "tea"}, {" t a \nx", " t a "}, {"", ""}, {"\nx", ""}} {
		file := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := FirstLine(file); err != nil || got.Reveal() != c.want {
			t.Errorf("%q: %q, %v", c.text, got.Reveal(), err)
		}
	}
	if _, err := FirstLine(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if got, err := FirstLine(""); err != nil || !got.Empty() {
		t.Errorf("no name: %v", err)
	}
}
