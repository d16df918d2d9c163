package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// findPrograms finds the adapters: beside this program, in the source tree that
// this is run from (then they are built), or in PATH.
func (d *demo) findPrograms(ctx context.Context) error {
	if self, err := os.Executable(); err == nil && d.look(filepath.Dir(self)) == nil {
		return nil
	}
	var packages []string
	for _, a := range d.adapters {
		packages = append(packages, "busbar/"+a.name)
	}
	// A go.mod that names this module is not enough: the folder may hold nothing else.
	if exec.CommandContext(ctx, "go", append([]string{"list"}, packages...)...).Run() == nil {
		d.say("Building the adapters, which takes a while the first time.")
		build := append([]string{"build", "-o", d.dir}, packages...)
		if out, err := exec.CommandContext(ctx, "go", build...).CombinedOutput(); err != nil {
			return fmt.Errorf("building the adapters: %w: %s", err, bytes.TrimSpace(out))
		}
		return d.look(d.dir)
	}
	if err := d.look(""); err != nil {
		return fmt.Errorf("%w (run the demo in the source tree, or install the adapters beside bus)", err)
	}
	return nil
}

// look takes all adapters from a folder; without one, from PATH.
func (d *demo) look(dir string) (err error) {
	for _, a := range d.adapters {
		if a.program, err = exec.LookPath(filepath.Join(dir, a.name)); err != nil {
			return fmt.Errorf("looking for %s: %w", a.name, err)
		}
	}
	return nil
}
