package database

import (
	"fmt"
	"os"
	"strings"
)

// Address is the URL to connect with: what is configured, or the file that it
// names holds.
func Address(configured string) (string, error) {
	path, ok := strings.CutPrefix(configured, "file:")
	if !ok {
		return configured, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the database's url: %w (the user that the program runs as must be able to read it)", err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line, nil
		}
	}
	return "", fmt.Errorf("reading the database's url: %s is empty", path)
}
