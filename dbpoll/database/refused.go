package database

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// refusals are what MariaDB says where account, password, database, right, table
// or column is wrong.
var refusals = []uint16{1044, 1045, 1049, 1054, 1142, 1143, 1146, 1227, 1698, 1873}

// Refused tells whether a server or the system said no for good (to the account,
// the password, the database, a right, a name), and not that it is away: trying
// again changes nothing.
func Refused(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		for _, class := range []string{"28", "3D", "3F", "42"} { // PostgreSQL's manual, appendix A
			if strings.HasPrefix(pg.Code, class) {
				return true
			}
		}
		return false
	}
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return slices.Contains(refusals, my.Number)
	}
	return errors.Is(err, fs.ErrPermission)
}
