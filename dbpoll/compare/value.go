package compare

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

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
	b := make([]byte, 0, headLength+32*len(t.Watch))
	b = binary.BigEndian.AppendUint64(b, digest)
	b = binary.BigEndian.AppendUint32(b, revision)
	var long map[string]string
	if row == nil {
		b = append(append(b, gone), `{"c":null`...)
	} else {
		b, long = appendColumns(append(append(b, asNow), `{"c":`...), t, row)
	}
	if len(long) > 0 {
		b = appendJSON(append(b, `,"l":`...), long)
	}
	if len(bytes) > 0 {
		b = appendJSON(append(b, `,"b":`...), bytes)
	}
	if mark != "" {
		b = appendJSON(append(b, `,"m":`...), mark)
	}
	return append(b, '}')
}

// appendColumns appends the watched columns in the order of their names, as
// encoding/json would for the map that they are: it takes three times as long, and
// there may be millions of rows. long are digests of the texts that were cut.
func appendColumns(b []byte, t database.Table, row dbrow.Columns) (_ []byte, long map[string]string) {
	b = append(b, '{')
	for i, name := range slices.Sorted(slices.Values(t.Watch)) {
		text := row[name]
		if text != nil && len(*text) > maxKept {
			if long == nil {
				long = map[string]string{}
			}
			long[name] = hash(*text)
			short, _ := runes.Cut(*text, maxKept)
			text = &short
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, name), ':')
		if text == nil {
			b = append(b, "null"...)
		} else {
			b = appendString(b, *text)
		}
	}
	return append(b, '}'), long
}

// appendString appends a text as JSON. Most are plain.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return appendJSON(b, s)
		}
	}
	b = append(append(b, '"'), s...)
	return append(b, '"')
}

func appendJSON(b []byte, v any) []byte {
	text, _ := json.Marshal(v) // texts and maps of texts
	return append(b, text...)
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
