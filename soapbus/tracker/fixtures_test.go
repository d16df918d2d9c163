package tracker

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"busbar/fixtures/leaks"
	"busbar/soapbus/soap"
)

const fixtures = "../../fixtures/soap"

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { os.Exit(leaks.Run(m)) }

// TestFixtures: what each reply is read as, or why it is not.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob(fixtures + "/*.http")
	if err != nil || len(files) < 30 {
		t.Fatalf("only %d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		r, err := ReadReply(read(t, file))
		outcome := struct {
			Reply Reply  `json:"reply"`
			Error string `json:"error,omitempty"`
		}{Reply: r}
		if err != nil {
			outcome.Error = err.Error()
		}
		var got bytes.Buffer
		enc := json.NewEncoder(&got)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(outcome); err != nil {
			t.Fatal(err)
		}
		golden := strings.TrimSuffix(file, ".http") + ".json"
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(string(read(t, golden)), got.String()); diff != "" {
			t.Errorf("%s (-golden +read):\n%s", filepath.Base(file), diff)
		}
	}
}

// TestKindsOfErrors: a caller can tell what to do.
func TestKindsOfErrors(t *testing.T) {
	for name, want := range map[string]error{
		"cut": soap.ErrCut, "dtd": soap.ErrRefused, "page-200": soap.ErrNotSOAP, "unknown-method": soap.ErrShape,
	} {
		if _, err := ReadReply(read(t, filepath.Join(fixtures, name+".http"))); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	_, err := ReadReply(read(t, fixtures+"/page-503.http"))
	if s, ok := errors.AsType[*soap.StatusError](err); !ok || s.Code != 503 || s.RetryAfter.Seconds() != 120 {
		t.Errorf("page-503: %v", err)
	}
	_, err = ReadReply(read(t, fixtures+"/status-broken.http"))
	if b, ok := errors.AsType[*BrokenError](err); !ok || len(b.Bugs) != 4 || b.Bugs[810043] == nil {
		t.Errorf("status-broken: %v", err)
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
