package wannabuild

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// place names a row of packages. Blanks and slashes cannot stand in these
// names; whatever does is made harmless, so that keys stay apart.
func place(row Columns) string {
	return strings.Join([]string{part(row, "architecture"), part(row, "distribution"), part(row, "package")}, "/")
}

func part(row Columns, name string) string {
	return strings.NewReplacer("%", "%25", "/", "%2F").Replace(word(row, name))
}

// StateKey names the fact that a package reached a state at a time: by the log
// from its time, by the state table from state_change. nth tells apart rows
// that agree in all that.
func StateKey(row Columns, at, state string, nth int, zone *time.Location) string {
	key := "build/" + place(row) + "/" + moment(at, zone) + "/" + state
	if nth > 0 {
		key += "/" + strconv.Itoa(nth)
	}
	return key
}

// forgetKey names the end of a row by the last change of its state.
func forgetKey(row Columns, zone *time.Location) string {
	return "build/" + place(row) + "/" + moment(text(row, "state_change"), zone) + "/forget"
}

// updateKey names a change of one column; the revision and the values keep
// apart what bears no time of its own.
func updateKey(row Columns, field string, revision int64, from, to *string, zone *time.Location) string {
	h := sha256.New()
	for _, v := range []*string{from, to} {
		if v == nil {
			h.Write([]byte{0})
			continue
		}
		fmt.Fprintf(h, "%d:%s", len(*v)+1, *v)
	}
	return fmt.Sprintf("package/%s/%s/%s/%d/%s", place(row), moment(text(row, "state_change"), zone), field, revision,
		hex.EncodeToString(h.Sum(nil)[:12]))
}

// recordKey names a row of pkg_history by its primary key.
func recordKey(row Columns, zone *time.Location) string {
	return "log/" + place(row) + "/" + part(row, "version") + "/" + moment(text(row, "timestamp"), zone)
}
