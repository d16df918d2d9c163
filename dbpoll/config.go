package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"busbar/adapters/tables"
	"busbar/common/config"
	"busbar/common/secret"
	"busbar/common/translate"
)

// Config is the configuration of dbpoll.
type Config struct {
	config.Shared
	DB     DBConfig      `toml:"db"`
	Table  []TableConfig `toml:"table"`
	Canary CanaryConfig  `toml:"canary"`

	zone   *time.Location // of [db] timezone
	tables translate.Translator[tables.Change]
}

// DBConfig is the [db] table.
type DBConfig struct {
	URL              secret.URL      `toml:"url" doc:"The database: postgres://USER@HOST/DATABASE, service=NAME (pg_service.conf), mariadb://USER@HOST/DATABASE, sqlite:PATH; or file:PATH, a file that holds one of these, for one with a password."`
	Preset           string          `toml:"preset" doc:"What it holds: wanna-build. Empty: only what [[table]] describes."`
	Interval         config.Duration `toml:"interval" doc:"How long to wait between two polls, give or take a tenth; longer where polls are slow."`
	Architectures    []string        `toml:"architectures" doc:"Architectures of the build queue. Empty: all that the account sees."`
	Timezone         string          `toml:"timezone" doc:"Time zone in which the database means times that name none, such as UTC or Europe/Berlin."`
	Listen           string          `toml:"listen" doc:"Channel of NOTIFY that makes the next poll come at once (contrib/sql). Empty: none."`
	Full             config.Duration `toml:"full" doc:"How often everything is compared although the server says that nothing was written."`
	StatementTimeout config.Duration `toml:"statement_timeout" doc:"What one statement may take, on the server."`
	LockTimeout      config.Duration `toml:"lock_timeout" doc:"How long a statement may wait for a lock."`
	Most             int             `toml:"most" doc:"How many changes one poll takes; the next takes the rest."`
}

// TableConfig is one [[table]].
type TableConfig struct {
	Name     string     `toml:"name" doc:"The table or view, such as popcon or udd.popcon."`
	Key      []string   `toml:"key" doc:"Columns that together name a row."`
	Watch    []string   `toml:"watch" doc:"Columns to watch and to tell. Empty: all."`
	Time     string     `toml:"time" doc:"Column that tells when a row changed, if there is one. A time without a zone is meant in that of [db] timezone."`
	Topic    string     `toml:"topic" doc:"Topic, such as udd.popcon; .create, .update or .delete is added."`
	Sentence string     `toml:"sentence" doc:"The English sentence of its events: a template over the columns, such as {{.package}} has {{.insts}} installations."`
	URL      secret.URL `toml:"url" doc:"The database. Empty: that of [db]."`
}

const presetWannaBuild = "wanna-build"

// DefaultConfig is the configuration before any file is read.
func DefaultConfig() *Config {
	return &Config{
		Shared: config.DefaultShared(),
		DB: DBConfig{
			Interval: config.Duration(30 * time.Second), Timezone: "UTC", Full: config.Duration(10 * time.Minute),
			StatementTimeout: config.Duration(time.Minute), LockTimeout: config.Duration(5 * time.Second), Most: 20000,
		},
		Canary: CanaryConfig{Canary: config.DefaultCanary()},
	}
}

// Complete checks what needs no database.
func (c *Config) Complete() (err error) {
	if c.zone, err = time.LoadLocation(c.DB.Timezone); err != nil {
		return fmt.Errorf("checking [db] timezone: %w (want a name such as UTC or Europe/Berlin)", err)
	}
	if c.DB.Preset != "" && c.DB.Preset != presetWannaBuild {
		return fmt.Errorf("checking [db] preset: %q is not known (known: %s)", c.DB.Preset, presetWannaBuild)
	}
	for _, least := range []struct {
		key   string
		value config.Duration
		least time.Duration
	}{
		{"interval", c.DB.Interval, time.Second}, {"full", c.DB.Full, time.Second},
		{"statement_timeout", c.DB.StatementTimeout, time.Millisecond}, {"lock_timeout", c.DB.LockTimeout, time.Millisecond},
	} {
		if time.Duration(least.value) < least.least {
			return fmt.Errorf("checking [db] %s: %s is less than %s", least.key, time.Duration(least.value), least.least)
		}
	}
	if c.DB.Most < 1 || c.DB.Most > 1_000_000 {
		return fmt.Errorf("checking [db] most: %d is not between 1 and 1000000", c.DB.Most)
	}
	var specs []tables.Spec
	for _, t := range c.Table {
		specs = append(specs, t.spec(c.zone))
	}
	if c.tables, err = tables.New(specs); err != nil {
		return fmt.Errorf("checking [[table]]: %w", err)
	}
	return c.checkCanary()
}

// something fails where nothing would be polled, or somewhere unknown.
func (c *Config) something() error {
	switch {
	case c.DB.Preset == "" && len(c.Table) == 0:
		return errors.New("neither [db] preset nor any [[table]] is set, so nothing would be polled")
	case c.DB.URL.Empty() && (c.DB.Preset != "" || slices.ContainsFunc(c.Table, func(t TableConfig) bool { return t.URL.Empty() })):
		return errors.New("[db] url is not set: which database is to be polled?")
	}
	return nil
}

func (t TableConfig) spec(zone *time.Location) tables.Spec {
	return tables.Spec{Table: t.Name, Topic: t.Topic, Key: t.Key, Watch: t.Watch, Time: t.Time, Sentence: t.Sentence, Zone: zone}
}

func tableName(t TableConfig) string { return "table " + t.Name }
