package wannabuild

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"busbar/common/dbrow"
)

// place names a row of packages by the bytes of its names. Blanks and slashes
// cannot stand in them; whatever does is escaped, so that no two keys are one.
func place(row dbrow.Columns) string {
	return strings.Join([]string{part(row, "architecture"), part(row, "distribution"), part(row, "package")}, "/")
}

// part is a name in a key. One that people would not be shown as it is has all
// its bytes escaped but letters and digits; a long one is given by its digest.
func part(row dbrow.Columns, name string) string {
	whole := row.Text(name)
	if whole == word(row, name) {
		return strings.NewReplacer("%", "%25", "/", "%2F").Replace(whole)
	}
	if len(whole) > maxWord {
		sum := sha256.Sum256([]byte(whole))
		return "%%" + hex.EncodeToString(sum[:])
	}
	var b strings.Builder
	for _, c := range []byte(whole) {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// StateKey names the fact that a package reached a state at a time: by the log
// from its time, by the state table from state_change. nth tells apart rows
// that agree in all that.
func StateKey(row dbrow.Columns, at, state string, nth int, zone *time.Location) string {
	key := "build/" + place(row) + "/" + moment(at, zone) + "/" + state
	if nth > 0 {
		key += "/" + strconv.Itoa(nth)
	}
	return key
}

// timeless names what bears no time, as rows that --import wrote, by how many
// changes of its row were seen: it may come again.
func timeless(key, at string, revision int64) string {
	if at != "" || revision == 0 {
		return key
	}
	return key + "/#" + strconv.FormatInt(revision, 10)
}

// forgetKey names the end of a row by the last change of its state.
func forgetKey(row dbrow.Columns, revision int64, zone *time.Location) string {
	at := row.Text("state_change")
	return timeless("build/"+place(row)+"/"+moment(at, zone)+"/forget", at, revision)
}

// updateKey names a change of one column; the revision and the values keep
// apart what bears no time of its own.
func updateKey(row dbrow.Columns, field string, revision int64, from, to *string, zone *time.Location) string {
	h := sha256.New()
	for _, v := range []*string{from, to} {
		if v == nil {
			h.Write([]byte{0})
			continue
		}
		fmt.Fprintf(h, "%d:%s", len(*v)+1, *v)
	}
	return fmt.Sprintf("package/%s/%s/%s/%d/%s", place(row), moment(row.Text("state_change"), zone), field, revision,
		hex.EncodeToString(h.Sum(nil)[:12]))
}

// recordKey names a row of pkg_history by its primary key.
func recordKey(row dbrow.Columns, zone *time.Location) string {
	return "log/" + place(row) + "/" + part(row, "version") + "/" + moment(row.Text("timestamp"), zone)
}
