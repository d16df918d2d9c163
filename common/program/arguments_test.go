package program

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"busbar/common/config"
	"busbar/common/exit"
)

type words struct {
	Dir   string   `type:"path"`
	Name  string   ``
	Each  []string `sep:"none"`
	Files []string `arg:"" optional:"" type:"path"`
}

type wordsCmd struct{ words }

func (c *wordsCmd) Run(got *words) error {
	*got = c.words
	return nil
}

// TestArgumentsAreBytes: what is not UTF-8 comes as it is, and so do commas and
// what looks like a number.
func TestArgumentsAreBytes(t *testing.T) {
	odd := "caf\xe9, \xff"
	var got words
	cli := &struct {
		Do wordsCmd `cmd:""`
	}{}
	var stderr bytes.Buffer
	p := &Env{Name: "test", Stdout: &stderr, Stderr: &stderr, Getenv: nothingSet}
	if code := p.Main(cli, "", []string{"do", "--dir", "/" + odd, "--name=" + odd, "--each", odd, "--each", "7", odd, "12"}, &got); code != exit.OK {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	if got.Dir != "/"+odd || got.Name != odd || !slices.Equal(got.Each, []string{odd, "7"}) {
		t.Errorf("%+q", got)
	}
	if len(got.Files) != 2 || !filepath.IsAbs(got.Files[0]) || !strings.HasSuffix(got.Files[0], "/"+odd) || !strings.HasSuffix(got.Files[1], "/12") {
		t.Errorf("files %q", got.Files)
	}
}

// nothingSet is an environment without variables, and no configuration of the
// machine's own.
func nothingSet(name string) string {
	if name == config.EtcVariable {
		return "/nonexistent"
	}
	return ""
}
