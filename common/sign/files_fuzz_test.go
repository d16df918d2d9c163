package sign

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// pemFile reads a file of the fixtures' authority.
func pemFile(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(wireFixtures, "pki", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// FuzzFiles: certificates, authorities and revocation lists of a file are what stands in
// it, the same each time, and no list is believed that the authority did not sign.
func FuzzFiles(f *testing.F) {
	genuine := map[string]bool{}
	cas, err := parseCAs(pemFile(f, "ca.crt"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"crl.pem", "crl-expired.pem"} {
		lists, err := parseCRLs(pemFile(f, name), cas)
		if err != nil {
			f.Fatal(err)
		}
		for _, l := range lists {
			genuine[digest(l)] = true
		}
	}
	for _, name := range []string{"ca.crt", "crl.pem", "crl-expired.pem", "othercrl.pem", bridge + ".crt", strong + ".crt"} {
		f.Add(pemFile(f, name))
	}
	f.Add(append(pemFile(f, "crl-expired.pem"), pemFile(f, "crl.pem")...))
	f.Fuzz(func(t *testing.T, text []byte) {
		lists, err := parseCRLs(text, cas)
		if (err == nil) != (len(lists) > 0) {
			t.Errorf("%d lists, and %v", len(lists), err)
		}
		for _, l := range lists {
			if !genuine[digest(l)] {
				t.Errorf("a list is believed that nobody signed: %+v", l)
			}
		}
		if again, err2 := parseCRLs(text, cas); (err == nil) != (err2 == nil) || !reflect.DeepEqual(lists, again) {
			t.Errorf("%+v, %v, then %+v, %v", lists, err, again, err2)
		}
		all, err := parseCAs(text)
		if (err == nil) != (len(all) > 0) {
			t.Errorf("%d authorities, and %v", len(all), err)
		}
		one, err := parseCertificate(text)
		if (err == nil) != (one != nil) || err == nil && len(all) > 0 && !bytes.Equal(one.Raw, all[0].Raw) {
			t.Errorf("a certificate, %v; of it and the authorities the first differs", err)
		}
	})
}

func digest(l revocationList) string {
	text, err := json.Marshal([]any{l.issuer, l.from, l.to, l.serials})
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// FuzzKeys: the keys of a file are written as they were read.
func FuzzKeys(f *testing.F) {
	for _, name := range []string{bridge + ".key", strong + ".key", "ca.key", "ca.crt"} {
		f.Add(pemFile(f, name))
	}
	file := filepath.Join(f.TempDir(), "key")
	f.Fuzz(func(t *testing.T, text []byte) {
		write := func(text []byte) {
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(text)
		keys, err := readKeys(file)
		if err != nil {
			if keys != nil {
				t.Errorf("%+v, and %v", keys, err)
			}
			return
		}
		written, err := keys.pem()
		if err != nil || keys.rsa == nil {
			t.Fatalf("%+v cannot be written: %v", keys, err)
		}
		write(written)
		again, err := readKeys(file)
		if err != nil || !again.rsa.Equal(keys.rsa) || !reflect.DeepEqual(again.ed25519, keys.ed25519) {
			t.Errorf("%v is read again as %v, %v", keys, again, err)
		}
	})
}

// FuzzIndex: what a CA has issued is read as it was written, or not at all.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"crl_number": 3, "issued": [{"name": "a", "serial": "0f", "not_before": "2026-01-02T03:04:05Z", "not_after": "2027-01-02T03:04:05Z", "revoked": "2026-02-02T03:04:05Z", "pending": "x", "replaces": "0e", "requested": true}]}`))
	f.Add([]byte(`{"issued": [{"name": "a"}, {"serial": "zz", "revoked": "2026-02-02T03:04:05+01:00"}]}`))
	f.Add([]byte(`null`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, "issued.json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		c := &CA{dir: dir}
		x, err := c.readIndex()
		if err != nil {
			if x != nil {
				t.Errorf("%q is %+v, and %v", text, x, err)
			}
			return
		}
		want, err := json.Marshal(x)
		if err != nil {
			t.Fatalf("%q cannot be written: %v", text, err)
		}
		if err := os.WriteFile(c.path("issued.json"), want, 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := c.readIndex()
		if err != nil {
			t.Fatalf("%q is not read again: %v", want, err)
		}
		if got, err := json.Marshal(again); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q is read again as %q, %v", want, got, err)
		}
	})
}
