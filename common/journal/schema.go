package journal

// applicationID marks our files in SQLite's header (PRAGMA application_id; file
// format §1.3.17): "BusJ".
const applicationID = 0x4275734a

// schemaVersion is stored as PRAGMA user_version. Programs read only files of
// their own version; the writer brings older ones up to it (upgrades).
const schemaVersion = 5

// schema is the whole of a new journal. It is made for reading with sqlite3,
// too: times are Unix seconds.
const schema = schema2 + schemaSums + schemaSinks + schemaMade

const schema2 = `
-- What the file is: prefix, environment, name and epoch of its sequence, and
-- where the sequence stands:
--   base_seq, base_hash: the last message that retention dropped (0 and '')
--   head_seq, head_hash: the newest message (0 and '')
--   bytes:               the size of all messages kept
CREATE TABLE meta (
	name  TEXT PRIMARY KEY,
	value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- The messages as they go out, signed, from base_seq+1 to head_seq without gaps.
CREATE TABLE messages (
	seq   INTEGER PRIMARY KEY,
	id    TEXT NOT NULL,     -- YEAR-UUID
	topic TEXT NOT NULL,     -- full topic
	time  INTEGER NOT NULL,  -- when the journal took it
	prev  TEXT NOT NULL,     -- hash of the message before it
	hash  TEXT NOT NULL,     -- SHA-256 without the signature
	wire  BLOB NOT NULL      -- the bytes that subscribers get
) STRICT;

-- Every fact that was ever published. Rows outlive their messages.
CREATE TABLE ids (
	uuid BLOB PRIMARY KEY,   -- 16 bytes: the id without its year
	seq  INTEGER NOT NULL    -- 0: another publisher told it
) STRICT, WITHOUT ROWID;

-- How far each source was read, in the source's own terms.
CREATE TABLE positions (
	source TEXT PRIMARY KEY,
	value  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

` + schemaSeen + `
-- How far each way out (sink) has come. Retention keeps what is after the cursor
-- of one that is used.
CREATE TABLE cursors (
	sink TEXT PRIMARY KEY,
	seq  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Items that could not be read, kept until they are.
CREATE TABLE poison (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	digest     TEXT NOT NULL UNIQUE, -- SHA-256 of the item, hex
	origin     TEXT NOT NULL,
	translator TEXT NOT NULL,        -- who claimed it
	reason     TEXT NOT NULL,        -- the newest one
	attempts   INTEGER NOT NULL,
	first      INTEGER NOT NULL,
	last       INTEGER NOT NULL,
	item       BLOB NOT NULL
) STRICT;

-- Counts since the journal was made: kind 'skip' by reason, 'topic' by full
-- topic, 'total' for duplicates and the like.
CREATE TABLE counters (
	kind  TEXT NOT NULL,
	name  TEXT NOT NULL,
	value INTEGER NOT NULL,
	PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
`

// schemaSeen came with version 2.
const schemaSeen = `
-- What each source last said of each of its things, for channels that tell
-- news by comparing: database rows, bugs, refs.
CREATE TABLE seen (
	source TEXT NOT NULL,
	key    TEXT NOT NULL,
	value  BLOB NOT NULL,
	PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;
`

// schemaSums came with version 3. sum is the CRC-32C of its row (sums.go); NULL
// in rows that older programs wrote. substance and strength say what the message
// said and on which evidence (event.SubstanceOf, event.Strength); NULL where that
// is not compared. disputes is the message whose fact the item tells in other
// words; ” for what cannot be read.
const schemaSums = `
ALTER TABLE ids ADD COLUMN substance BLOB;
ALTER TABLE ids ADD COLUMN strength INTEGER;
ALTER TABLE ids ADD COLUMN sum INTEGER;
ALTER TABLE seen ADD COLUMN sum INTEGER;
ALTER TABLE positions ADD COLUMN sum INTEGER;
ALTER TABLE poison ADD COLUMN disputes TEXT NOT NULL DEFAULT '';
`

// schemaSinks came with version 4. used is when the sink ran last. missed is what
// a sink never got, and why: what it refused, and what retention dropped first.
const schemaSinks = `
ALTER TABLE cursors ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
UPDATE cursors SET used = unixepoch();
CREATE TABLE missed (
	sink   TEXT NOT NULL,
	first  INTEGER NOT NULL,
	last   INTEGER NOT NULL,
	reason TEXT NOT NULL,
	time   INTEGER NOT NULL,
	PRIMARY KEY (sink, first)
) STRICT, WITHOUT ROWID;
`

// schemaMade came with version 5: the source that made an item, to which a retry
// gives it back; ” in rows of older programs.
const schemaMade = `
ALTER TABLE poison ADD COLUMN source TEXT NOT NULL DEFAULT '';
`

// upgrades lead from the version that is their index to the next one.
var upgrades = []string{
	1: schemaSeen,
	2: schemaSums,
	3: schemaSinks,
	4: schemaMade,
}
