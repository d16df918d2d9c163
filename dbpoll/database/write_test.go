package database

import (
	"context"
	"slices"
	"strings"
	"testing"

	"busbar/common/dbrow"
)

// TestReplaceRow: one row of a key is there after each call, others stay; what fails
// changes nothing.
func TestReplaceRow(t *testing.T) {
	for _, p := range places(t) {
		t.Run(p.name, func(t *testing.T) {
			p.exec(t, "CREATE TABLE canary (publisher varchar(20) PRIMARY KEY, token varchar(20) NOT NULL CHECK (token <> 'bad'))")
			put := func(publisher, token string) error {
				return ReplaceRow(context.Background(), p.o, "canary", Cell{"publisher", publisher}, Cell{"token", token})
			}
			for _, row := range [][2]string{{"o'b", "1"}, {"other", `2\`}, {"o'b", "3'"}} {
				if err := put(row[0], row[1]); err != nil {
					t.Fatal(err)
				}
			}
			if err := put("other", "bad"); err == nil || !strings.Contains(err.Error(), "writing a row of canary") {
				t.Errorf("what the table refuses gives %v", err)
			}
			var rows []string
			s := begin(t, p.open(t))
			if err := s.Query(context.Background(), "SELECT publisher, token FROM canary", nil, func(c dbrow.Columns) error {
				rows = append(rows, c.Text("publisher")+" "+c.Text("token"))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if slices.Sort(rows); !slices.Equal(rows, []string{"o'b 3'", `other 2\`}) {
				t.Errorf("the table holds %q", rows)
			}
			if err := ReplaceRow(context.Background(), p.o, "none", Cell{"publisher", "x"}, Cell{"token", "y"}); err == nil {
				t.Error("a table that is not there takes a row")
			}
		})
	}
}
