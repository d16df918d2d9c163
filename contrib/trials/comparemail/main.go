// Comparemail reads all mails below the directories that it is given (files
// that end in .mail or .eml, and those in new/ and cur/), both with common/mail
// and with Python's email package, and prints where the two differ: a trial for
// readers of mail, over mails of one's own. Neither is right by itself.
//
//	make compare-mail DIR=~/Maildir
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "comparemail:", err)
		os.Exit(1)
	}
}

func run(dirs []string) error {
	if len(dirs) == 0 {
		return fmt.Errorf("say which directories (make compare-mail DIR=~/Maildir)")
	}
	var files []string
	for _, dir := range dirs {
		below, err := mails(dir)
		if err != nil {
			return err
		}
		files = append(files, below...)
	}
	differences, err := compare(files)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, d := range differences {
		fmt.Println(d)
		counts[d.field]++
	}
	fmt.Printf("%d mails; differences: %v\n", len(files), counts)
	return nil
}

// mails finds the files below a directory that are mails.
func mails(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		parent := filepath.Base(filepath.Dir(path))
		if d.Type().IsRegular() && !strings.Contains(path, "\n") &&
			(parent == "new" || parent == "cur" || strings.HasSuffix(path, ".mail") || strings.HasSuffix(path, ".eml")) {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for mails: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("looking for mails: there is none below %s (files in new/ or cur/, or ending in .mail or .eml)", dir)
	}
	return files, nil
}
