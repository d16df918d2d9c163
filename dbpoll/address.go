package main

import (
	"fmt"
	"os"
	"strings"
)

// address is the URL to connect with: what [db] url says, or the file that it
// names holds.
func address(configured string) (string, error) {
	path, ok := strings.CutPrefix(configured, "file:")
	if !ok {
		return configured, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the database's url: %w (the user that dbpoll runs as must be able to read it)", err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line, nil
		}
	}
	return "", fmt.Errorf("reading the database's url: %s is empty", path)
}
