package program

import (
	"fmt"
	"reflect"

	"github.com/alecthomas/kong"
)

// argument reads a word of the command line as the bytes that it is: names of
// files need not be UTF-8, and kong's own way by JSON replaces what is not.
func argument(ctx *kong.DecodeContext, target reflect.Value) error {
	t, err := ctx.Scan.PopValue("string")
	if err != nil {
		return err
	}
	text, ok := t.Value.(string)
	if !ok {
		text = fmt.Sprint(t.Value)
	}
	target.SetString(text)
	return nil
}

// path is an argument that names a file, made absolute.
func path(ctx *kong.DecodeContext, target reflect.Value) error {
	if target.Kind() == reflect.Slice { // each of several
		for ctx.Scan.Peek().IsValue() {
			one := reflect.New(target.Type().Elem()).Elem()
			if err := path(ctx, one); err != nil {
				return err
			}
			target.Set(reflect.Append(target, one))
		}
		return nil
	}
	if err := argument(ctx, target); err != nil || target.String() == "" {
		return err
	}
	target.SetString(kong.ExpandPath(target.String()))
	return nil
}
