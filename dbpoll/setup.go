package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/secret"
	"busbar/common/setup"
	"busbar/dbpoll/database"
)

type setupCmd struct {
	program.AdapterSetup
	URL   string   `name:"url" help:"The database, as [db] url has it. Default: a wanna-build in PostgreSQL on this machine. One with a password goes into a file of its own, which the daemon alone may read." placeholder:"URL"`
	Level string   `help:"Make a role busbar in the PostgreSQL of this machine that may read this of wanna-build: views, log or base (docs/howto/wanna-build.md)." placeholder:"LEVEL" enum:",views,log,base" default:""`
	Table string   `help:"Follow this table instead of wanna-build." placeholder:"NAME"`
	Key   []string `help:"Columns that together name a row of it. May be repeated." placeholder:"COLUMN"`
	Topic string   `help:"Its topic, such as udd.popcon." placeholder:"TOPIC"`
}

// Run sets dbpoll up for a database.
func (c setupCmd) Run(p *program.Env, g *program.Globals) error {
	return c.AdapterSetup.Run(p, g, c.part)
}

// urlFile holds an address with a password.
const urlFile = "dbpoll.url"

func (c setupCmd) part(s *program.Setup, there setup.There) (part program.Part, err error) {
	part.Port = 9941
	at := first(c.URL, there.Text("db", "url"))
	local := localPostgres{s.Machine}
	if at == "" {
		if at, err = local.propose(s); err != nil {
			return part, err
		}
	}
	if at == "" {
		return part, &exit.Error{Code: exit.Usage, Err: errors.New("which database is to be polled? Say --url, such as postgres://busbar@db.example.org/wanna-build (no wanna-build was found in a PostgreSQL of this machine)")}
	}
	if c.Level != "" {
		part.Before = append(part.Before, s.BusbarUser(), local.role(c.Level, databaseOf(at)))
	}
	real := at
	if file, ok := strings.CutPrefix(at, "file:"); ok {
		if real, err = database.Address("file:" + s.Path(file)); err != nil {
			return part, err
		}
	}
	if host := hostOf(real); host != "" {
		if part.DropIn, err = s.Reach(host); err != nil {
			return part, err
		}
	}
	if secret.NewURL(at).HasPassword() {
		step := s.File(s.EtcPath(urlFile), at+"\n", 0o640, setup.Owner{Group: setup.Busbar})
		step.Say = "write " + s.EtcPath(urlFile) + ", the database's address with its password (mode 0640, of root:busbar)"
		part.Before = append(part.Before, s.BusbarUser(), step)
		at = "file:" + s.EtcPath(urlFile)
	}
	part.Values = setup.Values{{Table: "db", Key: "url", Value: at}}
	switch {
	case c.Table != "":
		if len(c.Key) == 0 || c.Topic == "" {
			return part, &exit.Error{Code: exit.Usage, Err: errors.New("--table needs --key, the columns that name a row, and --topic, such as udd.popcon")}
		}
		part.Values = append(part.Values,
			setup.Value{Table: "[table]", Key: "name", Value: c.Table}, setup.Value{Table: "[table]", Key: "key", Value: c.Key}, setup.Value{Table: "[table]", Key: "topic", Value: c.Topic})
	case there.Get("[table]", "name") == nil:
		part.Values = append(part.Values, setup.Value{Table: "db", Key: "preset", Value: presetWannaBuild})
	}
	return part, nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// hostOf is the host of an address; "": a socket or a file.
func hostOf(at string) string {
	u, err := url.Parse(at)
	if err != nil || !strings.Contains(at, "://") {
		return ""
	}
	if host := u.Query().Get("host"); strings.HasPrefix(host, "/") || u.Query().Get("socket") != "" {
		return ""
	} else if host != "" {
		return host
	}
	return u.Hostname()
}

// databaseOf is the database that an address names.
func databaseOf(at string) string {
	u, err := url.Parse(at)
	if err != nil || strings.Trim(u.Path, "/") == "" {
		return presetWannaBuild
	}
	return strings.Trim(u.Path, "/")
}

// localAddress is how the daemon's user reaches a database by the socket, as the role of
// its own name (pg_hba.conf: peer), without a password.
func localAddress(socket, database string) string {
	return fmt.Sprintf("postgres://%s@/%s?host=%s", setup.Busbar, url.PathEscape(database), url.QueryEscape(socket))
}
