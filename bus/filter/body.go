package filter

import "strings"

// packagesOf gathers the packages that a body names: our common fields, and
// those of the old topics.
func packagesOf(body any) []string {
	var found []string
	walk(body, func(key string, v any) {
		switch key {
		case "package", "packages", "source", "Source", "Binary", "binaries":
			found = append(found, words(v)...)
		}
	})
	return found
}

// words are the names in a text or a list of texts; "src:" is cut off.
func words(v any) []string {
	switch v := v.(type) {
	case string:
		fields := strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' })
		for i := range fields {
			fields[i] = strings.TrimPrefix(fields[i], "src:")
		}
		return fields
	case []any:
		var all []string
		for _, x := range v {
			all = append(all, words(x)...)
		}
		return all
	}
	return nil
}

// peopleOf gathers the people that a body names, wherever they stand.
func peopleOf(body any) []string {
	var found []string
	walk(body, func(key string, v any) {
		switch x := v.(type) {
		case map[string]any:
			name, _ := x["name"].(string)
			email, ok := x["email"].(string)
			if ok {
				found = append(found, name+" <"+email+">")
			}
		case string:
			switch key {
			case "from", "Maintainer", "Changed-By", "username":
				found = append(found, x)
			}
		}
	})
	return found
}

func walk(v any, visit func(key string, v any)) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			visit(k, x)
			walk(x, visit)
		}
	case []any:
		for _, x := range v {
			visit("", x)
			walk(x, visit)
		}
	}
}
