package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"busbar/common/state"
)

// version is that of the tables.
const version = "2"

// tables are made once. Index rows of PostgreSQL are short, and a stranger's text may be
// long: ids have hashes, topics and publishers are cut (longest), names are short
// (event.About). An index of lists (GIN) has no order, and the newest of a busy package
// would need all of it sorted: about has an order. What can be had from the rest, bodies
// and words, is not stored but seen through a view: that saves a quarter of the disk.
const tables = `
CREATE TABLE meta (
	name  text PRIMARY KEY,
	value text NOT NULL
);
CREATE TABLE stored (
	arrival       bigint PRIMARY KEY,
	id            text NOT NULL,
	topic         text COLLATE "C" NOT NULL,
	published     timestamptz NOT NULL,
	happened      timestamptz,
	publisher     text COLLATE "C",
	epoch         text,
	seq           bigint,
	title         text NOT NULL,
	link          text NOT NULL,
	packages      text[] NOT NULL,
	bugs          text[] NOT NULL,
	people        text[] NOT NULL,
	suites        text[] NOT NULL,
	architectures text[] NOT NULL,
	repositories  text[] NOT NULL,
	lists         text[] NOT NULL,
	severities    text[] NOT NULL,
	wire          bytea NOT NULL
);
CREATE INDEX stored_id ON stored USING hash (id);
CREATE INDEX stored_topic ON stored (topic, published, arrival);
CREATE INDEX stored_publisher ON stored (publisher);
CREATE INDEX stored_published ON stored (published, arrival);
CREATE INDEX stored_words ON stored USING gin (to_tsvector('simple', left(title, 10000)));
CREATE TABLE about (
	kind      text COLLATE "C" NOT NULL,
	name      text COLLATE "C" NOT NULL,
	published timestamptz NOT NULL,
	arrival   bigint NOT NULL,
	PRIMARY KEY (kind, name, published, arrival)
);
CREATE TABLE names (
	kind text COLLATE "C" NOT NULL,
	name text COLLATE "C" NOT NULL,
	PRIMARY KEY (kind, name)
);
CREATE TABLE states (
	kind     text NOT NULL,
	key      text NOT NULL,
	package  text NOT NULL,
	gone     boolean NOT NULL,
	arrival  bigint NOT NULL,
	happened timestamptz NOT NULL,
	value    jsonb NOT NULL,
	PRIMARY KEY (kind, key)
);
CREATE INDEX states_package ON states (kind, package);
-- JSON as PostgreSQL can have it; NULL: it cannot, as with a number beyond all bounds.
CREATE FUNCTION as_json(text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN $1::jsonb;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
	RETURN NULL;
END $$;
CREATE FUNCTION body_of(bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN convert_from($1, 'UTF8')::jsonb->'msg';
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
	RETURN NULL;
END $$;
CREATE VIEW messages AS SELECT arrival, id, topic, published, happened, publisher, epoch, seq, title, link,
	packages, bugs, people, suites, architectures, repositories, lists, severities, body_of(wire) AS body, wire,
	to_tsvector('simple', left(title, 10000)) AS words FROM stored;
`

// prepare makes the tables, or looks whether they are this archive's. All the states, of
// which there may be millions, have time of their own, of whole.
func (c *Copy) prepare(ctx, whole context.Context) error {
	var there bool
	err := c.conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", c.o.Schema).Scan(&there)
	if err != nil {
		return fmt.Errorf("looking for the schema %s: %w", c.o.Schema, err)
	}
	tx, err := c.conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if !there {
		if _, err := tx.Exec(ctx, "CREATE SCHEMA "+c.o.Schema); err != nil {
			return fmt.Errorf("making the schema %s: %w (make it as its administrator: CREATE SCHEMA %s AUTHORIZATION this user)", c.o.Schema, err, c.o.Schema)
		}
	}
	// One copying at a time; it ends with the connection.
	var alone bool
	if err := tx.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtext('bus archive copy'), hashtext($1))", c.o.Schema).Scan(&alone); err != nil {
		return fmt.Errorf("locking the schema %s: %w", c.o.Schema, err)
	}
	if !alone {
		return fmt.Errorf("another process copies into the schema %s now", c.o.Schema)
	}
	if _, err := tx.Exec(ctx, "SET search_path = "+c.o.Schema); err != nil {
		return err
	}
	var made bool
	if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", c.o.Schema+".meta").Scan(&made); err != nil {
		return fmt.Errorf("looking for the tables: %w", err)
	}
	if !made {
		_, err = tx.Exec(ctx, tables)
		if err == nil {
			_, err = tx.Exec(ctx, "INSERT INTO meta VALUES ('version', $1), ('epoch', $2), ('arrival', '0'), ('states', ''), ('stated', '0')", version, c.o.Reader.Epoch())
		}
		if err != nil {
			return fmt.Errorf("making the tables: %w", err)
		}
	}
	current, err := c.belongs(ctx, tx)
	if err == nil && !current {
		err = c.allStates(whole, tx)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(whole, patience)
	defer cancel()
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("making the tables: %w", err)
	}
	return nil
}

// belongs looks whether the tables hold this archive's copy, and whether its states are
// current: made by the rules of now.
func (c *Copy) belongs(ctx context.Context, tx pgx.Tx) (current bool, err error) {
	var of, epoch, states string
	err = tx.QueryRow(ctx, `SELECT (SELECT value FROM meta WHERE name = 'version'), (SELECT value FROM meta WHERE name = 'epoch'),
		(SELECT value FROM meta WHERE name = 'states'), (SELECT value::bigint FROM meta WHERE name = 'arrival'),
		(SELECT coalesce(max(value::bigint), 0) FROM meta WHERE name = 'stated')`).Scan(&of, &epoch, &states, &c.at, &c.stated)
	if err != nil {
		return false, fmt.Errorf("reading where the copy stands: %w", err)
	}
	if of != version {
		return false, fmt.Errorf("%w: tables of version %s, and this program knows %s (copy into another schema, or drop that one: DROP SCHEMA %s CASCADE)", ErrOther, of, version, c.o.Schema)
	}
	_, newest, err := c.o.Reader.Range(ctx)
	if err != nil {
		return false, err
	}
	if epoch != c.o.Reader.Epoch() || c.at > newest {
		return false, fmt.Errorf("%w: the copy of another archive, or of a newer state of this one (copy into another schema, or drop that one: DROP SCHEMA %s CASCADE)", ErrOther, c.o.Schema)
	}
	return states == c.o.States.Version(), nil
}

// views are one for each projection, with the columns of those in the archive's file:
// lists are jsonb, all else is text.
func views(t *state.Table) string {
	var b strings.Builder
	for _, p := range t.Projections() {
		columns := []string{"key"}
		for _, m := range p.Members {
			arrow := "->>"
			if m.List {
				arrow = "->"
			}
			columns = append(columns, fmt.Sprintf("value%s'%s' AS %q", arrow, m.Name, m.Name))
		}
		columns = append(columns, fmt.Sprintf("value->>'%s' AS event", state.Event), "happened", "arrival")
		fmt.Fprintf(&b, "DROP VIEW IF EXISTS bus_%[1]s; CREATE VIEW bus_%[1]s AS SELECT %[2]s FROM states WHERE kind = '%[3]s' AND NOT gone;\n",
			p.Plural, strings.Join(columns, ", "), p.Kind)
	}
	return b.String()
}
