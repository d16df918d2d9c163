package compare

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"

	"busbar/common/dbrow"
	"busbar/common/runes"
	"busbar/dbpoll/database"
)

// A value is what the journal keeps of a row: its head of digest, revision and
// whether the row is there, then JSON.
type value struct {
	Columns dbrow.Columns `json:"c"`
	// Long holds digests of the texts of which Columns has only the beginning.
	Long map[string]string `json:"l,omitempty"`
	// Bytes holds digests of the values that are not UTF-8.
	Bytes map[string]string `json:"b,omitempty"`
	// Mark is where the row stood in its source's own order of events.
	Mark string `json:"m,omitempty"`
}

const (
	headLength = 13
	maxKept    = 256 // bytes of a text
)

func encode(t database.Table, row dbrow.Columns, bytes map[string]string, digest uint64, revision uint32, mark string) []byte {
	v := value{Mark: mark, Bytes: bytes}
	there := byte(gone)
	if row != nil {
		there, v.Columns = asNow, make(dbrow.Columns, len(t.Watch))
		v.keep(t, row)
	}
	b := binary.BigEndian.AppendUint64(nil, digest)
	b = binary.BigEndian.AppendUint32(b, revision)
	text, _ := json.Marshal(v) // maps of strings
	return append(append(b, there), text...)
}

// keep takes the watched columns.
func (v *value) keep(t database.Table, row dbrow.Columns) {
	for _, name := range t.Watch {
		text := row[name]
		if text != nil && len(*text) > maxKept {
			if v.Long == nil {
				v.Long = map[string]string{}
			}
			v.Long[name] = hash(*text)
			short, _ := runes.Cut(*text, maxKept)
			text = &short
		}
		v.Columns[name] = text
	}
}

// isTombstone tells a row that is gone. Its revision outlives it: a row that
// comes back and goes again with the same values is another fact.
func isTombstone(b []byte) bool { return len(b) >= headLength && b[headLength-1] == gone }

var errValue = errors.New("the journal's entry is damaged")

func head(b []byte) (digest uint64, revision uint32, err error) {
	if len(b) < headLength {
		return 0, 0, errValue
	}
	return binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:]), nil
}

func decode(b []byte) (v value, err error) {
	if len(b) < headLength {
		return v, errValue
	}
	return v, json.Unmarshal(b[headLength:], &v)
}

// columns is the row as far as it is kept, with its key.
func (v value) columns(t database.Table, key []string) dbrow.Columns {
	row := make(dbrow.Columns, len(v.Columns)+len(key))
	for name, text := range v.Columns {
		if _, long := v.Long[name]; long && text != nil {
			shown := *text + "…"
			text = &shown
		}
		row[name] = text
	}
	for i, k := range t.Key {
		if i < len(key) {
			row[k] = &key[i]
		}
	}
	return row
}

// before is columns, with the whole texts of those that did not change.
func (v value) before(t database.Table, key []string, after dbrow.Columns) dbrow.Columns {
	row := v.columns(t, key)
	for name, h := range v.Long {
		if text := after[name]; text != nil && hash(*text) == h {
			row[name] = text
		}
	}
	return row
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:12])
}
