package soap

import (
	"errors"
	"net/http/cgi"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAgainstSOAPLite asks the real thing, which is in Debian as
// libsoap-lite-perl.
func TestAgainstSOAPLite(t *testing.T) {
	perl, err := exec.LookPath("perl")
	if err != nil || exec.Command(perl, "-MSOAP::Lite", "-e1").Run() != nil {
		t.Fatal("the SOAP::Lite of Perl is not installed: make deps installs it")
	}
	script, err := filepath.Abs("testdata/kettle.pl")
	if err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	handler := cgi.Handler{Path: perl, Args: []string{script}, Dir: t.TempDir(), Stderr: &complaints}
	c := client(t, Options{URL: server(t, handler.ServeHTTP)})
	for _, q := range []struct {
		method string
		args   []any
		want   string
	}{
		{"told", []any{1, "a&<b>", []int{3, 4}, []string{"x"}, "é"}, "1|a&<b>|[3,4]|[x]|é"},
		{"echo", []any{"1.0", "true", "0123", " x "}, "[1.0 true 0123  x ]"},
		{"struct", nil, "{to-go:x transition:[1 2]}"},
		{"map", nil, "{2026:1.0 thé:éÿ x@y:[1]}"},
		{"none", nil, ""},
		{"undefined", nil, "[ ]"},
		{"twice", nil, "{a:[1.2-1 thé] b:[1.2-1 thé]}"},
	} {
		n, err := c.Call(t.Context(), "Kettle", q.method, q.args...)
		if err != nil || len(n.Children) != 1 {
			t.Errorf("%s: %+v, %v", q.method, n, err)
			continue
		}
		if got := render(t, n.Children[0]); got != q.want {
			t.Errorf("%s: %s, want %s", q.method, got, q.want)
		}
	}
	if n, err := c.Call(t.Context(), "Kettle", "nothing"); err != nil || len(n.Children) > 1 || render(t, n) != "" && render(t, n.Children[0]) != "" {
		t.Errorf("nothing: %+v, %v", n, err)
	}
	if n, err := c.Call(t.Context(), "Kettle", "large"); err != nil || len(n.Children[0].Children) != 50000 {
		t.Errorf("large: %v", err)
	}
	if _, err := c.Call(t.Context(), "Kettle", "circle"); err == nil {
		t.Error("a circle was read")
	} else {
		t.Logf("a circle: %v", err)
	}
	for method, code := range map[string]string{"dry": "Server", "tea": "Client"} {
		_, err := c.Call(t.Context(), "Kettle", method)
		if f, ok := errors.AsType[*Fault](err); !ok || f.Code != code {
			t.Errorf("%s: %v", method, err)
		}
	}
	if t.Failed() {
		t.Log(complaints.String())
	}
}

// render shows a value: arrays in brackets, hashes sorted in braces.
func render(t *testing.T, n *Node) string {
	t.Helper()
	if len(n.Children) == 0 {
		v, err := n.Value()
		if err != nil {
			t.Error(err)
		}
		return v
	}
	var list []string
	if n.Type == "Array" {
		for _, c := range n.Children {
			list = append(list, render(t, c))
		}
		return "[" + strings.Join(list, " ") + "]"
	}
	pairs, err := n.Hash()
	if err != nil {
		t.Error(err)
	}
	for _, p := range pairs {
		list = append(list, p.Key+":"+render(t, p.Value))
	}
	slices.Sort(list)
	return "{" + strings.Join(list, " ") + "}"
}
