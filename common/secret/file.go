package secret

import (
	"bytes"
	"os"
	"strings"
)

// FirstLine is the first line of a file that holds a password or token, read whenever
// it is called; the rest of the file is left alone. An empty name is no secret.
func FirstLine(file string) (Text, error) {
	if file == "" {
		return Text{}, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return Text{}, err
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	return New(strings.TrimSuffix(string(first), "\r")), nil
}
