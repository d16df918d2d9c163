package pgp

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
)

// A Ring is public keys that somebody chose to believe, each with the name that it
// goes by here. It does not change.
type Ring struct {
	keys  []Key
	names map[string]string // by fingerprint
	byID  map[uint64][]Key  // those that may sign, by key ID
}

// GoodName is what may be the name of a key and of its file.
var GoodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// extensions are those of files with public keys, in a folder.
var extensions = []string{".asc", ".gpg"}

// maxKeys bounds the files in a folder that are read as keys.
const maxKeys = 10_000

// Files are the files with keys at path: of a folder those that are named as such, in
// the order of their names; else the file itself.
func Files(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, hinted(err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, hinted(err)
	}
	var files []string
	for _, e := range entries {
		if slices.Contains(extensions, filepath.Ext(e.Name())) && !strings.HasPrefix(e.Name(), ".") {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	if len(files) > maxKeys {
		return nil, fmt.Errorf("%s has %d files with keys, more than %d", path, len(files), maxKeys)
	}
	return files, nil
}

// ReadRing reads whom to believe. Of a folder, each file NAME.asc or NAME.gpg holds
// the keys of one publisher, and its name is theirs: who puts the file there gives
// the name, and not who made the key. Of a file, a keyring, the keys go by their
// fingerprints. A folder may be empty.
func ReadRing(path string) (*Ring, error) {
	files, err := Files(path)
	if err != nil {
		return nil, err
	}
	r := &Ring{names: map[string]string{}, byID: map[uint64][]Key{}}
	for _, file := range files {
		keys, err := ReadFile(file)
		if err != nil {
			return nil, err
		}
		name := ""
		if file != path {
			name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
			if !GoodName.MatchString(name) {
				return nil, fmt.Errorf("%s: %q cannot be a name (1 to 64 of letters, digits, \".\", \"_\" and \"-\")", file, name)
			}
		}
		for _, e := range keys {
			if err := r.add(e, name); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return r, nil
}

func (r *Ring) add(e *openpgp.Entity, name string) error {
	if e.PrivateKey != nil {
		return errors.New("it holds a secret key, where those who believe it may read (hint: gpg --export, not --export-secret-keys)")
	}
	self, _ := e.PrimarySelfSignature()
	k := keyOf(e, e.PrimaryKey, self)
	if name == "" {
		name = k.Fingerprint
	}
	switch known, ok := r.names[k.Fingerprint]; {
	case ok && known != name:
		return fmt.Errorf("the key %s goes by the name %s already", k.Fingerprint, known)
	case ok:
		return nil
	}
	r.names[k.Fingerprint] = name
	r.keys = append(r.keys, k)
	for _, s := range signing(e) {
		r.byID[s.public.KeyId] = append(r.byID[s.public.KeyId], s)
	}
	return nil
}

// Keys are the primary keys, in the order in which they were read.
func (r *Ring) Keys() []Key { return slices.Clone(r.keys) }

// Name is what a key of the ring goes by.
func (r *Ring) Name(k Key) string { return r.names[k.Fingerprint] }
