package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"busbar/adapters/wannabuild"
	"busbar/common/dbrow"
	"busbar/dbpoll/compare"
	"busbar/dbpoll/database"
)

// A Level is what the account may read, and so how complete the news can be.
type Level string

// Levels, from the least to the most.
const (
	None     Level = "nothing"
	Views    Level = "views"
	ViewsLog Level = "views and log"
	Base     Level = "base tables"
)

// Access is what the account may read.
type Access struct {
	Level         Level
	Architectures []string
	History       bool // the results of builds
	// Everybody may read the log, by a grant to PUBLIC.
	Everybody bool
	// Alike are suites that differ in their bytes and are shown as one.
	Alike []string

	all []string // architectures, wanted or not
}

// Meaning says in sentences what the level means for completeness.
func (a Access) Meaning() []string {
	var s []string
	switch a.Level {
	case Base:
		s = append(s, "Every transition is told, also those that come and go between two polls, and who did it.",
			"No late committer is skipped: the log is read behind the oldest running transaction (of the last week).")
	case ViewsLog:
		s = append(s, "Every transition is told, also those that come and go between two polls, and who did it,",
			"unless its transaction ran for longer than a day: the log is read again for that long, because its views hide transaction ids.")
	case Views:
		s = append(s, "The outcome is always told. States that come and go between two polls are not, nor who did it:",
			"the account cannot read the log (transactions). Also unknown: actions that leave the state as it is, when a row was deleted,",
			"and give-backs, binNMUs and ends of Not-For-Us that another change hides.")
	default:
		return []string{"The account can read no table or view of the build queue."}
	}
	if !a.History {
		s = append(s, "Results of builds (pkg_history) cannot be read.")
	}
	if a.Everybody {
		s = append(s, "Every account has this level: the log is granted to PUBLIC, whatever was granted to this one.")
	}
	if len(a.Alike) > 0 {
		s = append(s, "Suites that look alike are told under one name, though as different facts: "+strings.Join(a.Alike, ", ")+".")
	}
	return s
}

// A part is one architecture's share of the queue.
type part struct {
	arch     string
	packages database.Table
	log      string // table or view; empty: not readable
	history  string
	state    *compare.State

	known, shown map[string]bool // suites, while others may come into sight
}

// source is the name under which the part's rows are kept; it is the same at
// every level, so that a change of level is no news.
func (p *part) source() string { return "wanna-build " + p.arch }

// reads tells whether both read the same columns of the same rows.
func (p *part) reads(o *part) bool {
	a, b := p.packages, o.packages
	return a.Name == b.Name && a.Where == b.Where && slices.Equal(a.Watch, b.Watch)
}

var keyColumns = []string{"distribution", "package"}

// find looks what there is to read.
func find(ctx context.Context, s *database.Snapshot, dialect string, want []string) (Access, []*part, error) {
	var a Access
	var parts []*part
	var err error
	if isPostgres(dialect) {
		a, parts, err = findPostgres(ctx, s)
	} else {
		a, parts, err = findPlain(ctx, s)
	}
	if err != nil {
		return a, nil, err
	}
	a.all = names(parts)
	var chosen []*part
	for _, p := range parts {
		if len(want) == 0 || slices.Contains(want, p.arch) {
			chosen = append(chosen, p)
			a.Architectures = append(a.Architectures, p.arch)
		}
	}
	for _, w := range want {
		if !slices.Contains(a.Architectures, w) {
			return a, nil, fmt.Errorf("architecture %q: the account sees none of that name; it sees %s", w, strings.Join(names(parts), ", "))
		}
	}
	if a.Alike, err = alike(ctx, s, chosen); err != nil {
		return a, nil, err
	}
	if a.Level == None {
		return a, nil, errors.New("the account can read no table or view of the build queue: neither packages nor ARCH_public.packages (contrib/sql has the grants that it needs)")
	}
	return a, chosen, nil
}

func names(parts []*part) []string {
	var list []string
	for _, p := range parts {
		list = append(list, p.arch)
	}
	return list
}

// mayRead lists which of the queue's relations exist and may be read, with
// their schemas.
const mayRead = `SELECT n.nspname AS schema, c.relname AS name, has_table_privilege('public', c.oid, 'SELECT')::text AS everybody FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relname IN ('packages', 'transactions', 'pkg_history') AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
	AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
	AND (n.nspname = 'public' OR n.nspname LIKE '%\_public') ORDER BY 1, 2`

func findPostgres(ctx context.Context, s *database.Snapshot) (Access, []*part, error) {
	has, everybody := map[string]map[string]bool{}, map[string]bool{}
	err := s.Query(ctx, mayRead, nil, func(c dbrow.Columns) error {
		schema := c.Text("schema")
		if has[schema] == nil {
			has[schema] = map[string]bool{}
		}
		has[schema][c.Text("name")] = true
		if c.Text("name") == "transactions" {
			everybody[schema] = c.Text("everybody") == "true"
		}
		return nil
	})
	if err != nil {
		return Access{}, nil, err
	}
	if has["public"]["packages"] && has["public"]["transactions"] {
		a := Access{Level: Base, History: has["public"]["pkg_history"]}
		parts, err := byArchitecture(ctx, s, "public.", a)
		return a, parts, err
	}
	a := Access{Level: None}
	var parts []*part
	if has["public"]["packages"] { // the table alone, which shows at least what its views do
		a = Access{Level: Views, History: has["public"]["pkg_history"]}
		parts, err := byArchitecture(ctx, s, "public.", a)
		return a, parts, err
	}
	for schema, tables := range has {
		arch, isViews := strings.CutSuffix(schema, "_public")
		if !isViews || !tables["packages"] {
			continue
		}
		if a.Level == None {
			a = Access{Level: ViewsLog, History: true}
		}
		p := &part{arch: arch, packages: database.Table{Name: schema + ".packages", Key: keyColumns}}
		if tables["transactions"] {
			p.log = schema + ".transactions"
			a.Everybody = a.Everybody || everybody[schema]
		} else {
			a.Level = Views
		}
		if tables["pkg_history"] {
			p.history = schema + ".pkg_history"
		} else {
			a.History = false
		}
		parts = append(parts, p)
	}
	slices.SortFunc(parts, func(x, y *part) int { return strings.Compare(x.arch, y.arch) })
	a.Everybody = a.Everybody && a.Level == ViewsLog
	return a, parts, watch(ctx, s, parts)
}

// findPlain looks for the tables by their names, in a database without roles
// or schemas.
func findPlain(ctx context.Context, s *database.Snapshot) (Access, []*part, error) {
	there := func(table string) bool {
		columns, err := s.Describe(ctx, table)
		return err == nil && len(columns) > 0
	}
	if !there("packages") {
		return Access{Level: None}, nil, nil
	}
	a := Access{Level: Views, History: there("pkg_history")}
	if there("transactions") {
		a.Level = ViewsLog
	}
	parts, err := byArchitecture(ctx, s, "", a)
	return a, parts, err
}

// byArchitecture parts the tables that hold all architectures.
func byArchitecture(ctx context.Context, s *database.Snapshot, schema string, a Access) ([]*part, error) {
	var parts []*part
	// Each architecture is found by the key's index; counting through the table
	// would read all of it.
	all := `WITH RECURSIVE a(architecture) AS (SELECT min(architecture) FROM ` + schema + `packages UNION ALL
		SELECT (SELECT min(p.architecture) FROM ` + schema + `packages p WHERE p.architecture > a.architecture) FROM a
		WHERE a.architecture IS NOT NULL) SELECT architecture FROM a WHERE architecture IS NOT NULL ORDER BY 1`
	err := s.Query(ctx, all, nil, func(c dbrow.Columns) error {
		parts = append(parts, newPart(schema, c.Text("architecture"), a))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return parts, watch(ctx, s, parts)
}

// newPart is one architecture of tables that hold all.
func newPart(schema, arch string, a Access) *part {
	p := &part{arch: arch, packages: database.Table{Name: schema + "packages", Key: keyColumns, Where: "architecture = " + literal(arch)}}
	if a.Level != Views {
		p.log = schema + "transactions"
	}
	if a.History {
		p.history = schema + "pkg_history"
	}
	return p
}

// watch chooses, of the columns that events are made of, those that are there.
func watch(ctx context.Context, s *database.Snapshot, parts []*part) error {
	has := map[string][]database.Column{} // by table
	for _, p := range parts {
		name := p.packages.Name
		if has[name] == nil {
			columns, err := s.Describe(ctx, name)
			if err != nil {
				return err
			}
			has[name] = columns
		}
		for _, w := range wannabuild.Watched() {
			if slices.ContainsFunc(has[name], func(c database.Column) bool { return c.Name == w }) {
				p.packages.Watch = append(p.packages.Watch, w)
			}
		}
		p.packages = p.packages.Typed(has[name])
	}
	return nil
}

// literal is text as SQL quotes it.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func isPostgres(dialect string) bool { return strings.HasPrefix(strings.ToLower(dialect), "postgres") }
