package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/translate"
)

// maxRows bounds what is read of one file.
const maxRows = 256 << 20

// Explain shows the changed rows of a file, JSON values one after another.
func (c *Config) Explain(p *program.Env, path string, show program.Show) error {
	in, received, err := p.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	dec := json.NewDecoder(io.LimitReader(in, maxRows))
	for n := 1; ; n++ {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) && n > 1 {
			return nil
		}
		if err != nil {
			return &exit.Error{Code: exit.Data, Err: fmt.Errorf("explaining %s: reading change %d: %w", path, n, err)}
		}
		change, err := parseRow(bytes.Clone(raw))
		if err != nil {
			return &exit.Error{Code: exit.Data, Err: fmt.Errorf("explaining %s: change %d: %w", path, n, err)}
		}
		if err := show(translate.Item[any]{Origin: fmt.Sprintf("%s:%d", path, n), Value: change, Received: received}); err != nil {
			return err
		}
	}
}
