package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"busbar/common/secret"
)

// Dir is where programs look for their files.
const Dir = "/etc/busbar"

// A Source says where a program's configuration comes from.
type Source struct {
	Program string              // "mail2bus": /etc/busbar/mail2bus.toml over /etc/busbar/bus.toml
	Dir     string              // instead of $BUSBAR_ETC and /etc/busbar, if set
	File    string              // --config: this file alone, instead of both
	Set     []string            // --set KEY=VALUE, over everything
	Getenv  func(string) string // os.Getenv; BUSBAR_SECTION_KEY, over the files
	Environ func() []string     // os.Environ, to find variables that no key has; nil: they are not looked for

	Level func(string) // is told [bus] log

	note func(path, source string) // is told where a key was set; nil: nobody asks
}

// Load fills config, a pointer to a struct that holds the defaults. Later
// sources override earlier ones: bus.toml, the program's file, environment,
// --set. An unknown key is an error that names the nearest known one. It
// returns the files read.
func (s Source) Load(config any) ([]string, error) {
	files, err := s.readFiles(config)
	if err != nil {
		return nil, err
	}
	keys := Keys(config)
	if s.Environ != nil {
		if err := unknownVariable(s.Environ(), keys); err != nil {
			return nil, err
		}
	}
	for _, k := range keys {
		if s.Getenv == nil {
			break
		}
		if k.Env() == "" {
			continue
		}
		if v := s.Getenv(k.Env()); v != "" {
			if err := k.set(v); err != nil {
				return nil, fmt.Errorf("reading %s from the environment: %w", k.Env(), err)
			}
			s.wasSet(k.Path, "$"+k.Env())
		}
	}
	for _, assignment := range s.Set {
		path, v, ok := strings.Cut(assignment, "=")
		if !ok {
			return nil, fmt.Errorf("reading --set %q: want KEY=VALUE, such as bus.environment=dev", secret.Redact(assignment))
		}
		if err := setKey(config, keys, strings.TrimSpace(path), strings.TrimSpace(v)); err != nil {
			return nil, err
		}
		s.wasSet(strings.TrimSpace(path), FromFlag)
	}
	for _, k := range keys {
		if name, ok := k.value.Interface().(string); ok && k.Path == "bus.log" && s.Level != nil {
			s.Level(name)
		}
	}
	return files, nil
}

func (s Source) readFiles(config any) ([]string, error) {
	if s.File != "" {
		return []string{s.File}, s.readFile(s.File, config, nil)
	}
	var read []string
	names := []string{"bus"}
	if s.Program != "bus" {
		names = append(names, s.Program)
	}
	for _, name := range names {
		var others []string
		if name != s.Program {
			others = daemons
		}
		path := filepath.Join(s.Etc(), name+".toml")
		err := s.readFile(path, config, others)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		default:
			read = append(read, path)
		}
	}
	return read, nil
}

// Etc is where the files are: another place is for tests, and for several
// installations on one machine.
func (s Source) Etc() string {
	if s.Dir == "" && s.Getenv != nil {
		return cmp.Or(s.Getenv(EtcVariable), Dir)
	}
	return cmp.Or(s.Dir, Dir)
}

// daemons are the tables of bus.toml that bus and its daemons alone read: no other
// program on the machine knows their keys. A test of bus/config holds it to that.
var daemons = []string{"hub", "forward", "notify", "badges", "check"}

// readFile reads a file; tables of others are left to them.
func (s Source) readFile(path string, config any, others []string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	meta, err := toml.Decode(string(raw), config)
	if err != nil {
		var parse toml.ParseError
		if errors.As(err, &parse) {
			return fmt.Errorf("reading %s: line %d: %s", path, parse.Position.Line, parse.Message)
		}
		return fmt.Errorf("reading %s: %w", path, err)
	}
	for _, key := range meta.Keys() {
		for n := range key { // a key of a table may be all that there is of the table
			s.wasSet(strings.Join(key[:n+1], "."), path)
		}
	}
	for _, extra := range meta.Undecoded() {
		if !slices.Contains(others, extra[0]) {
			return fmt.Errorf("reading %s: %w", path, unknownKey(extra.String(), Keys(config)))
		}
	}
	return nil
}

func (s Source) wasSet(path, source string) {
	if s.note != nil {
		s.note(path, source)
	}
}

func setKey(config any, keys []Key, path, value string) error {
	if table, rest, ok := strings.Cut(path, "."); ok {
		if number, key, ok := strings.Cut(rest, "."); ok {
			if n, err := strconv.Atoi(number); err == nil {
				return setElement(config, table, n, key, value)
			}
		}
	}
	for _, k := range keys {
		if k.Path == path {
			return k.set(value)
		}
	}
	return unknownKey(path, keys)
}

// setElement sets a key of the nth table of that name, from 0; the one behind
// the last is made.
func setElement(config any, table string, n int, key, value string) error {
	root := reflect.ValueOf(config).Elem()
	for i := range root.NumField() {
		f := root.Type().Field(i)
		if f.Tag.Get("toml") != table || !isTables(f.Type) {
			continue
		}
		list := root.Field(i)
		if n < 0 || n > list.Len() {
			return fmt.Errorf("setting %s.%d.%s: there are %d tables of that name, counted from 0", table, n, key, list.Len())
		}
		element := reflect.New(f.Type.Elem()).Elem()
		if n < list.Len() {
			element.Set(list.Index(n))
		}
		if err := setKey(nil, keysOf(table, element), table+"."+key, value); err != nil {
			return err
		}
		if n == list.Len() {
			list.Set(reflect.Append(list, element))
		} else {
			list.Index(n).Set(element)
		}
		return nil
	}
	return unknownKey(fmt.Sprintf("%s.%d.%s", table, n, key), Keys(config))
}

func unknownKey(path string, keys []Key) error {
	best, distance := "", len(path)/2+2
	for _, k := range keys {
		if d := EditDistance(path, k.Path); d < distance {
			best, distance = k.Path, d
		}
	}
	if best == "" {
		return fmt.Errorf("unknown key %q (the reference page lists all keys)", path)
	}
	return fmt.Errorf("unknown key %q; did you mean %q?", path, best)
}

// EditDistance is Levenshtein's: how many bytes must be put in, taken out or
// changed. Of a long b the beginning is enough.
func EditDistance(a, b string) int {
	b = b[:min(len(b), 200)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
