package demo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// beginning is what is in the build queue before the demo looks.
const beginning = `
INSERT INTO packages (architecture, package, distribution, version, state, state_change, notes, builder, installed_version) VALUES
	('amd64', 'busbar-lamp', 'sid', '2.0-1', 'Installed', '2026-01-05 08:00:00', NULL, 'kettle', '2.0-1'),
	('arm64', 'busbar-lamp', 'sid', '2.0-1', 'Not-For-Us', '2026-01-05 08:00:00', NULL, NULL, NULL),
	('amd64', 'busbar-oven', 'sid', '7-1', 'Needs-Build', '2026-01-07 11:00:00', 'out-of-date', NULL, '6-2'),
	('amd64', 'busbar-rust', 'sid', '0.9-2', 'Failed', '2026-01-06 09:30:00', NULL, 'kettle', NULL),
	('arm64', 'busbar-rust', 'sid', '0.9-2', 'Installed', '2026-01-06 09:30:00', NULL, 'teapot', '0.9-2');
`

// A step is one change of the build queue: of a package's row, with a line in
// the log where action is set; or a build that ended.
type step struct {
	architecture, name, version string
	action, user, state         string
	set                         map[string]string // columns beside these
	result                      string            // of a build, into pkg_history
	gone                        bool              // the row is removed
}

// storyEnds are the last events of the story, each with what tells it from
// others of its topic. The results of builds are read after the log, so the
// story ends with one of each: when both are published, all before them was.
var storyEnds = map[string]string{"wannabuild.log.record": "the-last-builder", "wannabuild.build.queue": "busbar-saucer"}

// story is some days in the life of a few packages, as the build service's
// program and its daemons write them.
func story() []step {
	tea := func(action, user, state string, set map[string]string) step {
		return step{architecture: "amd64", name: "busbar-tea", version: "1.0-1", action: action, user: user, state: state, set: set}
	}
	lamp := func(action, user, state string, set map[string]string) step {
		return step{architecture: "amd64", name: "busbar-lamp", version: "2.0-1", action: action, user: user, state: state, set: set}
	}
	return []step{
		tea("--merge-v3: needs-build", "wbadm", "Needs-Build", map[string]string{"notes": "uncompiled", "section": "misc"}),
		tea("--merge-all (dose)", "wbadm", "BD-Uninstallable", map[string]string{"bd_problem": "busbar-tea needs libleaf-dev, which is nowhere"}),
		tea("dose_builddebcheck: depwait", "wbadm", "Dep-Wait", map[string]string{"depends": "libleaf-dev (>= 2)"}),
		tea("--merge-all (dose)", "wbadm", "Needs-Build", map[string]string{"depends": "", "bd_problem": ""}),
		{architecture: "amd64", name: "busbar-oven", set: map[string]string{"buildpri": "50"}}, // no log tells it
		tea("--take", "kettle", "Building", map[string]string{"builder": "kettle"}),
		tea("--set-attempted", "kettle", "Build-Attempted", nil),
		{architecture: "amd64", name: "busbar-tea", version: "1.0-1", user: "kettle", result: "attempted"},
		tea("--set-failed", "jane", "Failed", map[string]string{"failed": "the test suite boils over"}),
		tea("--give-back", "jane", "Needs-Build", nil),
		tea("--take", "kettle", "Building", map[string]string{"builder": "kettle"}),
		tea("--set-built", "kettle", "Built", nil),
		tea("--set-uploaded", "kettle", "Uploaded", nil),
		tea("--merge-v3: Installed", "wbadm", "Installed", map[string]string{"installed_version": "1.0-1"}),
		lamp("--binNMU", "jane", "Needs-Build", map[string]string{"binary_nmu_version": "1", "binary_nmu_changelog": "Rebuild against libwick 3"}),
		lamp("--binNMU", "jane", "Installed", map[string]string{"binary_nmu_version": "", "binary_nmu_changelog": ""}),
		{architecture: "arm64", name: "busbar-lamp", version: "2.0-1", action: "--no-build(rev)", user: "jane", state: "Needs-Build"},
		{architecture: "arm64", name: "busbar-lamp", version: "2.0-1", action: "--merge-v3: Auto-Not-For-Us", user: "wbadm", state: "Auto-Not-For-Us",
			set: map[string]string{"notes": "arch-not-in-arch-list"}},
		{architecture: "amd64", name: "busbar-rust", version: "0.9-2", action: "--merge-v3: Failed-Removed", user: "wbadm", state: "Failed-Removed"},
		{architecture: "arm64", name: "busbar-rust", version: "0.9-2", action: "--update", user: "wbadm", state: "reupload-wait"},
		{architecture: "arm64", name: "busbar-rust", version: "0.9-2", action: "--forget", user: "wbadm", gone: true},
		{architecture: "amd64", name: "busbar-tea", version: "1.0-1", user: "the-last-builder", result: "successful"},
		{architecture: "arm64", name: "busbar-saucer", version: "3-1", action: "--merge-v3: needs-build", user: "wbadm", state: "Needs-Build",
			set: map[string]string{"notes": "uncompiled"}},
	}
}

// changeQueue makes the story happen in the database, at the demo's pace.
func (d *demo) changeQueue(ctx context.Context) error {
	for _, s := range story() {
		if err := d.queue.run(ctx, s.statements(time.Now())); err != nil {
			return fmt.Errorf("changing the build queue: %w", err)
		}
		if err := pause(ctx, d.pace); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-d.queueDone: // what is in the log of a database that is gone cannot be published
	}
	return d.restore(ctx)
}

// restore puts a copy in the database's place, as after a disaster. The poller
// notices; what was published is not published again.
func (d *demo) restore(ctx context.Context) error {
	a := d.adapter("dbpoll")
	if err := a.stop(); err != nil {
		return err
	}
	if err := d.queue.restore(ctx); err != nil {
		return fmt.Errorf("restoring the build queue: %w", err)
	}
	if err := a.configure(); err != nil {
		return err
	}
	return a.start(d.ended)
}

// statements is the step in SQL, as one transaction.
func (s step) statements(now time.Time) string {
	at := quote(stamp(now))
	row := fmt.Sprintf("architecture = %s AND package = %s AND distribution = 'sid'", quote(s.architecture), quote(s.name))
	values := strings.Join([]string{quote(s.architecture), quote(s.name), "'sid'", quote(s.version)}, ", ")
	var b strings.Builder
	b.WriteString("BEGIN;\n")
	if s.result != "" {
		fmt.Fprintf(&b, "INSERT INTO pkg_history VALUES (%s, %s, %s, 221, 104857600, %s);\n", values, at, quote(s.result), quote(s.user))
	}
	if s.action != "" {
		state := s.state
		if s.gone {
			state = "deleted"
		}
		fmt.Fprintf(&b, "INSERT INTO transactions SELECT %s, %s, (SELECT state FROM packages WHERE %s), %s, %s, %s, %s;\n",
			values, quote(s.action), row, quote(state), quote(s.user), quote(s.user), at)
	}
	if s.gone {
		fmt.Fprintf(&b, "DELETE FROM packages WHERE %s;\n", row)
	}
	if s.state != "" {
		fmt.Fprintf(&b, "INSERT INTO packages (architecture, package, distribution) VALUES (%s, %s, 'sid') ON CONFLICT DO NOTHING;\n",
			quote(s.architecture), quote(s.name))
		fmt.Fprintf(&b, "UPDATE packages SET previous_state = state, state = %s, state_change = %s, version = %s WHERE %s;\n",
			quote(s.state), at, quote(s.version), row)
	}
	for _, column := range slices.Sorted(maps.Keys(s.set)) {
		fmt.Fprintf(&b, "UPDATE packages SET %s = %s WHERE %s;\n", column, quote(s.set[column]), row)
	}
	b.WriteString("COMMIT;\n")
	return b.String()
}

// quote is a value in SQL; the story's values are ours. An empty one is NULL.
func quote(s string) string {
	if s == "" {
		return "NULL"
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
