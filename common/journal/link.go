package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// real is where path leads: SQLite keeps the log beside the file itself, not beside
// a symbolic link to it. What cannot be followed is left as it is.
func real(path string) string {
	const most = 40 // as the system follows
	for range most {
		target, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			target = filepath.Dir(path) + "/" + target // not cleaned: ".." is of where the link is
		}
		path = target
	}
	return path
}

// dangling refuses a link to nothing: behind it is a disk that is not mounted
// rather than a journal that was never made, and a new one here would tell again
// all that the old one knows.
func dangling(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return nil // the next look says what is wrong
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, err := os.Stat(rescued(path)); err == nil {
		return nil // restore puts it back
	}
	return fmt.Errorf("%w: it is a symbolic link to %s, where nothing is; mount what that lies on, or remove the link to begin a new sequence", ErrMissing, real(path))
}
