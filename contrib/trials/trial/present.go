package trial

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/url"
	"strings"

	"busbar/common/sqlfile"
)

// Present has an archive take what journals hold, makes its states again, and has them
// compared with their source, which the arguments of `bus check --state` name. It gives
// a line of figures; differences, and states that are not byte for byte the same when
// they are made again, are a broken promise.
func (s *Site) Present(ctx context.Context, journals []string, source ...string) (string, error) {
	path := s.Path("archive.db")
	if err := s.Configure("bus", "[hub]\narchive = %q\n[check]\nrate = 60000\n", path); err != nil {
		return "", err
	}
	if err := s.Run(ctx, "bus", append([]string{"archive", "import", "--no-verify"}, journals...)...); err != nil {
		return "", err
	}
	before, things, err := states(ctx, path)
	if err != nil {
		return "", err
	}
	if err := s.Run(ctx, "bus", "archive", "rebuild"); err != nil {
		return "", err
	}
	after, _, err := states(ctx, path)
	if err != nil {
		return "", err
	}
	if before != after {
		return "", Broken(fmt.Errorf("the %d states are others when they are made again", things))
	}
	var out, errs bytes.Buffer
	check := s.Command(ctx, "bus", append([]string{"check", "--state", "--again", "0s"}, source...)...)
	check.Stdout, check.Stderr = &out, &errs
	err = check.Run()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	text := fmt.Sprintf("%d states, made again the same; %s", things, strings.Join(strings.Fields(lines[len(lines)-1]), " "))
	if err != nil {
		return text, Broken(fmt.Errorf("the states are not as their source: %w: %s%s", err, strings.Join(lines[:min(len(lines), 6)], "\n"), errs.String()))
	}
	return text, nil
}

// states is a digest of all states of an archive, byte for byte, and how many there are.
func states(ctx context.Context, path string) (digest string, things int, err error) {
	db, err := sqlfile.Open(path, 1, url.Values{"mode": {"ro"}})
	if err != nil {
		return "", 0, err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, "SELECT kind, key, package, gone, n, time, value, said FROM states ORDER BY kind, key")
	if err != nil {
		return "", 0, err
	}
	defer rows.Close()
	sum := sha256.New()
	for rows.Next() {
		var kind, key, pkg, value string
		var gone, n, at int64
		var said []byte
		if err := rows.Scan(&kind, &key, &pkg, &gone, &n, &at, &value, &said); err != nil {
			return "", 0, err
		}
		fmt.Fprintf(sum, "%q %q %q %d %d %d %q %x\n", kind, key, pkg, gone, n, at, value, said)
		things++
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), things, rows.Err()
}
