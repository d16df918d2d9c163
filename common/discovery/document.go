package discovery

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"busbar/common/wire/guard"
)

// An Endpoint is where one publisher speaks.
type Endpoint struct {
	Address string // tcp://HOST:PORT
	Name    string // of the service or the domain, for people; may be empty
	Replay  string // where it answers replay; empty: at Address
}

// Limits on what one source may make of us: each endpoint is a connection.
const (
	maxFile      = 1 << 20 // bytes
	maxFiles     = 1000    // in a directory
	maxEndpoints = 1000    // of one source
)

// ownRelay is fedmsg's name for where publishers connect to.
const ownRelay = "relay_inbound"

// A document is what a file says.
type document struct {
	Endpoints map[string]addresses `toml:"endpoints" json:"endpoints"`
	Replay    map[string]addresses `toml:"replay_endpoints" json:"replay_endpoints"`
}

// addresses are one or several; a single one may stand without its list.
type addresses []string

// UnmarshalTOML takes a text, or a list of them.
func (a *addresses) UnmarshalTOML(v any) error {
	switch v := v.(type) {
	case string:
		*a = addresses{v}
		return nil
	case []any:
		for _, one := range v {
			text, ok := one.(string)
			if !ok {
				return fmt.Errorf("%v is not an address", one)
			}
			*a = append(*a, text)
		}
		return nil
	}
	return fmt.Errorf("%v is neither an address nor a list of them", v)
}

// UnmarshalJSON takes a text, or a list of them.
func (a *addresses) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = addresses{one}
		return nil
	}
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("%.80s is neither an address nor a list of them", text)
	}
	*a = list
	return nil
}

// Read reads a file's text. Text with nothing in it, and tables with nothing in
// them, are no error: there is nobody.
func Read(text []byte) ([]Endpoint, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	d, err := decode(text)
	if err != nil {
		return nil, err
	}
	return d.list()
}

func decode(text []byte) (document, error) {
	var d document
	if !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) { // no TOML begins so
		meta, err := toml.Decode(string(text), &d)
		if err != nil {
			return d, fmt.Errorf("reading TOML: %w", err)
		}
		if unknown := meta.Undecoded(); len(unknown) > 0 {
			return d, fmt.Errorf("reading TOML: %q is not known (known: the tables endpoints and replay_endpoints)", unknown[0].String())
		}
		return d, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return d, fmt.Errorf("reading JSON: %w", err)
	}
	var err error
	if whole := members["endpoints"]; bytes.HasPrefix(whole, []byte("{")) {
		err = json.Unmarshal(text, &d)
	} else {
		err = json.Unmarshal(text, &d.Endpoints)
	}
	if err != nil {
		return d, fmt.Errorf("reading JSON: %w", err)
	}
	return d, nil
}

// list is the document's endpoints, each address once, in order.
func (d document) list() ([]Endpoint, error) {
	var list []Endpoint
	for name, at := range d.Endpoints {
		if name == ownRelay {
			continue
		}
		replay := ""
		switch others := d.Replay[name]; len(others) {
		case 0:
		case 1:
			replay = others[0]
		default:
			return nil, fmt.Errorf("service %q: replay_endpoints has %d addresses, not one", name, len(others))
		}
		for _, address := range at {
			list = append(list, Endpoint{Address: address, Name: name, Replay: replay})
		}
	}
	for name := range d.Replay {
		if _, known := d.Endpoints[name]; !known {
			return nil, fmt.Errorf("service %q is in replay_endpoints and not in endpoints", name)
		}
	}
	for _, e := range list {
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("service %q: %w", e.Name, err)
		}
	}
	return merge(list)
}

// check reports what cannot be connected to.
func (e Endpoint) check() error {
	for _, address := range []string{e.Address, e.Replay} {
		if address == "" && e.Address != "" {
			continue
		}
		at, err := guard.ParseEndpoint(address)
		if err != nil {
			return err
		}
		if at.Host == "" || at.Port == 0 {
			return fmt.Errorf("endpoint %q: to connect, a host and a port are needed", address)
		}
	}
	return nil
}

var errTooMany = errors.New("it names more than 1000 endpoints")

// merge sorts, and keeps each address once: the one that tells most.
func merge(list []Endpoint) ([]Endpoint, error) {
	slices.SortFunc(list, func(a, b Endpoint) int {
		return cmp.Or(strings.Compare(a.Address, b.Address), strings.Compare(b.Replay, a.Replay), strings.Compare(b.Name, a.Name))
	})
	list = slices.CompactFunc(list, func(a, b Endpoint) bool { return a.Address == b.Address })
	if len(list) > maxEndpoints {
		return nil, errTooMany
	}
	return list, nil
}
