package badges

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"busbar/bus/badges/rule"
	"busbar/bus/kinds"
	"busbar/bus/schema"
	"busbar/common/event"
)

// possible says which badges nobody could ever earn: whose questions name kinds of
// events that we declare, none of which has the member that the badge asks for.
func possible(set rule.Set, prefix string) error {
	catalog := kinds.All()
	var errs []error
	for _, b := range set.Badges {
		for i := range b.Parts {
			part := &b.Parts[i]
			of := part.Kinds(catalog, prefix)
			if len(of) == 0 {
				continue // it asks for events of others
			}
			for key, path := range map[string]string{"who": part.Who, "of": b.Of, "same": b.Same} {
				if path != "" && !slices.ContainsFunc(of, func(k *event.Kind) bool { return hasMember(k.Body, path) }) {
					errs = append(errs, fmt.Errorf("%s: badge %s: %s %q: no event that %q takes has such a member (see bus catalog --format jsonschema %s)", b.File, b.Name, key, path, part.Query, of[0].Topic))
				}
			}
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("reading badges: %w", errors.Join(errs...))
	}
	return nil
}

// hasMember says whether a body has a member, found by names with dots between.
func hasMember(body reflect.Type, path string) bool {
	name, rest, deeper := strings.Cut(path, ".")
	for body.Kind() == reflect.Pointer {
		body = body.Elem()
	}
	if body.Kind() == reflect.Map || body.Kind() == reflect.Interface {
		return true // it may have any
	}
	for _, m := range schema.Members(body) {
		if m.Name == name {
			return !deeper || hasMember(m.Type, rest)
		}
	}
	return false
}
