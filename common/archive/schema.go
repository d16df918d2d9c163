package archive

// applicationID marks our files in SQLite's header (PRAGMA application_id; file
// format §1.3.17): "BusA".
const applicationID = 0x42757341

// schemaVersion is stored as PRAGMA user_version. Programs read only files of
// their own version; the writer brings older ones up to it (upgrades).
const schemaVersion = 5

// indexVersion says by which rules the derived tables were made. Where the file
// has another, Open makes them again.
const indexVersion = 4

// schema is the whole of a new archive. Times are Unix seconds.
const schema = `
-- What the file is and where it stands:
--   epoch:   drawn at random when it was made; arrival numbers count in it
--   newest:  the newest arrival number (0)
--   base:    the newest one that retention dropped (0)
--   bytes:   the size of all messages kept, as they came
--   index:   by which rules the derived tables were made; below 0 while they are not whole
--   rebuilt: up to which arrival they are, while they are made again
--   states:  by which projections the states were made (state.Table)
CREATE TABLE meta (
	name  TEXT PRIMARY KEY,
	value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- Who counts: one row for each epoch of each publisher.
--   head: the highest number that came; base: the highest that retention dropped
CREATE TABLE sequences (
	id        INTEGER PRIMARY KEY,
	publisher TEXT NOT NULL,
	epoch     TEXT NOT NULL,
	head      INTEGER NOT NULL,
	base      INTEGER NOT NULL,
	UNIQUE (publisher, epoch)
) STRICT;

-- The messages by arrival: numbers that are not here are gaps', or dropped. The certificate, which a publisher's messages have in
-- common, is kept once: it belongs into wire at the byte cut.
CREATE TABLE messages (
	n           INTEGER PRIMARY KEY,
	time        INTEGER NOT NULL, -- when its publisher took it
	sequence    INTEGER,          -- NULL: its publisher does not count
	seq         INTEGER,
	certificate INTEGER,          -- NULL: wire is whole
	cut         INTEGER,
	wire        BLOB NOT NULL
) STRICT;
CREATE INDEX messages_seq ON messages (sequence, seq) WHERE sequence IS NOT NULL;

-- What another publisher said of a fact that was already there: n is the message
-- that said it first. By number it is found as any other.
CREATE TABLE copies (
	sequence    INTEGER NOT NULL,
	seq         INTEGER NOT NULL,
	n           INTEGER NOT NULL,
	time        INTEGER NOT NULL,
	certificate INTEGER,
	cut         INTEGER,
	wire        BLOB NOT NULL,
	came        INTEGER NOT NULL, -- after which arrival
	PRIMARY KEY (sequence, seq)
) STRICT;
CREATE INDEX copies_n ON copies (n);
` + copiesCame + `

CREATE TABLE certificates (
	id   INTEGER PRIMARY KEY,
	text BLOB NOT NULL UNIQUE
) STRICT;

-- Every fact that ever came: an id under a topic, for ids can be foretold, and who
-- may not speak under a topic must not make its facts known. Rows outlive their
-- messages.
CREATE TABLE ids (
	uuid  BLOB NOT NULL,    -- 16 bytes
	topic INTEGER NOT NULL, -- the beginning of the topic's SHA-256
	n     INTEGER NOT NULL,
	PRIMARY KEY (uuid, topic)
) STRICT, WITHOUT ROWID;

-- How far the feeders of the archive have come, in the publishers' numbers.
CREATE TABLE positions (
	publisher TEXT NOT NULL,
	epoch     TEXT NOT NULL,
	seq       INTEGER NOT NULL,
	PRIMARY KEY (publisher, epoch)
) STRICT, WITHOUT ROWID;

-- Numbers that never came, and why. n is an arrival number of their own.
CREATE TABLE gaps (
	n         INTEGER PRIMARY KEY,
	publisher TEXT NOT NULL,
	epoch     TEXT NOT NULL,
	first     INTEGER NOT NULL,
	last      INTEGER NOT NULL,
	reason    TEXT NOT NULL,
	time      INTEGER NOT NULL,
	UNIQUE (publisher, epoch, first, last, time)
) STRICT;
` + turns + `

-- The states that messages left which retention dropped.
` + baseStates + derived

// derivedTables can be made again from the messages (Rebuild).
var derivedTables = []string{"names", "parts", "hours", "words", "states"}

// derived is the schema of derivedTables. A place is the time of a message and its
// arrival number in one (see Place).
const derived = `
-- What a message can be found by: kind (see Kind) and value.
CREATE TABLE names (
	id    INTEGER PRIMARY KEY,
	kind  INTEGER NOT NULL,
	value TEXT NOT NULL,
	UNIQUE (kind, value)
) STRICT;

` + parts + `
-- How many messages of a topic, category or publisher, and of all, are of an hour.
CREATE TABLE hours (
	name  INTEGER NOT NULL,
	hour  INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (name, hour)
) STRICT, WITHOUT ROWID;

-- The words of a message (see wordsOf), and its names as words (see tokenOf), at its place.
-- words_docsize, a table of FTS5's own, has a row for each message, by place.
CREATE VIRTUAL TABLE words USING fts5(text, content='', contentless_delete=1, detail=none, tokenize="ascii tokenchars '_'");
-- Parts of the index are joined when there are eight of a size; a batch is one part.
INSERT INTO words (words, rank) VALUES ('automerge', 8), ('hashsize', 4194304);
` + statesTable + `states` + statesColumns + `CREATE INDEX states_package ON states (kind, package, key);`

// The newest state of a thing. n and time are of the message that said it last.
const (
	statesTable   = `CREATE TABLE `
	statesColumns = ` (
	kind    TEXT NOT NULL,
	key     TEXT NOT NULL,
	package TEXT NOT NULL, -- of its value, or empty
	gone    INTEGER NOT NULL, -- 1: it is no more
	n       INTEGER NOT NULL,
	time    INTEGER NOT NULL,
	value   TEXT NOT NULL, -- a JSON object
	said    BLOB NOT NULL, -- what was said of it and when (state.Thing)
	PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
`
	baseStates = statesTable + `base_states` + statesColumns
)

// parts has the names of kinds that are asked for by a part of them (see hasParts): any
// three characters in a row, at the name's id.
const parts = `CREATE VIRTUAL TABLE parts USING fts5(text, content='', detail=none, columnsize=0, tokenize="trigram");`

// turns finds where sequences began again.
const turns = `CREATE INDEX gaps_turns ON gaps (publisher, epoch, n) WHERE ` + putBack + `;`

// copiesCame finds what came beside the messages.
const copiesCame = `CREATE INDEX copies_came ON copies (came, sequence, seq);`

// upgrades lead from the version that is their index to the next one.
var upgrades = []string{
	1: "ALTER TABLE copies ADD COLUMN came INTEGER NOT NULL DEFAULT 0; UPDATE copies SET came = n;" + turns,
	2: copiesCame,
	// The states that dropped messages left had no times for each of their members, and
	// cannot be had again.
	3: "DROP TABLE base_states;" + baseStates + "INSERT INTO meta VALUES ('states', '');",
	// What facets said, words says since indexVersion 4.
	4: "DROP TABLE facets;" + parts + "INSERT INTO parts (rowid, text) SELECT id, replace(value, char(0), char(10)) FROM names WHERE kind IN (7, 10) ORDER BY id;",
}
