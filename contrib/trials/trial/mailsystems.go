package trial

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// MailSystems is the folder into which contrib/dev/mailsystems.sh has unpacked mail
// systems: $MAILSYSTEMS, or one in the user's cache. What is not there is
// fetched: those that are named, or all.
func MailSystems(ctx context.Context, names ...string) (string, error) {
	dir := os.Getenv("MAILSYSTEMS")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("looking for mail systems: %w", err)
		}
		dir = filepath.Join(cache, "busbar", "mailsystems")
	}
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("looking for the module: %w", err)
	}
	script := filepath.Join(filepath.Dir(strings.TrimSpace(string(mod))), "contrib", "dev", "mailsystems.sh")
	if out, err := exec.CommandContext(ctx, script, append([]string{dir}, names...)...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("fetching mail systems: %w: %s", err, out)
	}
	return dir, nil
}
