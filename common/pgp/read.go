package pgp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

// maxFile is the size of a file with keys, in bytes. Debian's largest keyring has a
// tenth of it.
const maxFile = 256 << 20

const armorBegin = "-----BEGIN PGP"

// ReadFile reads keys, public or secret: a keyring in binary form, as those in
// /usr/share/keyrings, or any number of armored blocks, as `gpg --armor --export`
// writes them. A file without a key is an error.
func ReadFile(file string) (openpgp.EntityList, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, hinted(err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a folder", file)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", file, info.Size(), maxFile)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, hinted(err)
	}
	keys, err := Read(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return keys, nil
}

// Read is ReadFile of a text.
func Read(text []byte) (keys openpgp.EntityList, err error) {
	defer func() {
		if v := recover(); v != nil {
			keys, err = nil, fmt.Errorf("its keys cannot be read: %v", v)
		}
	}()
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("it is empty")
	}
	if bytes.Contains(text, []byte(armorBegin)) {
		keys, err = readArmored(text)
	} else {
		keys, err = openpgp.ReadKeyRing(bytes.NewReader(text))
	}
	if err == nil && len(keys) == 0 {
		err = errors.New("it holds no OpenPGP key")
	}
	return keys, err
}

// readArmored reads one block after the other. What stands between is passed over.
func readArmored(text []byte) (openpgp.EntityList, error) {
	var all openpgp.EntityList
	r := bufio.NewReader(bytes.NewReader(text)) // armor.Decode reads on in it, and not ahead of it
	for {
		block, err := armor.Decode(r)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if block.Type != openpgp.PublicKeyType && block.Type != openpgp.PrivateKeyType {
			return nil, fmt.Errorf("it holds a %.40q, which is no key", block.Type)
		}
		keys, err := openpgp.ReadKeyRing(block.Body)
		if err != nil {
			return nil, err
		}
		all = append(all, keys...)
	}
}

// hinted says what a person can do about a file that cannot be read.
func hinted(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w (hint: check the path; \"bus keys gpg make\" makes a key)", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w (hint: the program runs as uid %d, which must be able to read it and to enter its folders)", err, os.Geteuid())
	}
	return err
}
