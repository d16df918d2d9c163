package show

import (
	"fmt"
	"io"
	"reflect"
)

// Fprintf is fmt.Fprintf with each text among args passed through Line, and
// each error through Lines: several errors have a line each. The format is the
// program's own.
func Fprintf(w io.Writer, format string, args ...any) (int, error) {
	return fmt.Fprintf(w, format, all(args)...)
}

// Fprintln is fmt.Fprintln in the same way.
func Fprintln(w io.Writer, args ...any) (int, error) { return fmt.Fprintln(w, all(args)...) }

// Sprintf is fmt.Sprintf in the same way.
func Sprintf(format string, args ...any) string { return fmt.Sprintf(format, all(args)...) }

// A Clean is text that has passed already, with what the program added to it,
// such as colours or lines.
type Clean string

func all(args []any) []any {
	shown := make([]any, len(args))
	for i, a := range args {
		shown[i] = one(a)
	}
	return shown
}

func one(a any) any {
	switch a := a.(type) {
	case nil:
		return a
	case Clean:
		return string(a)
	case string:
		return Line(a)
	case []byte:
		return Line(string(a))
	case error:
		return Lines(a.Error())
	case fmt.Stringer:
		return Line(a.String())
	}
	switch reflect.TypeOf(a).Kind() {
	case reflect.String:
		return Line(reflect.ValueOf(a).String())
	case reflect.Slice:
		if v := reflect.ValueOf(a); v.Type().Elem().Kind() == reflect.Uint8 { // a json.RawMessage
			return Line(string(v.Bytes()))
		}
		return Line(fmt.Sprint(a))
	case reflect.Map, reflect.Struct, reflect.Pointer, reflect.Array:
		return Line(fmt.Sprint(a))
	}
	return a // a number, a truth
}
