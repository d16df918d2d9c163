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
	var missing []*adapter
	var packages []string
	for _, a := range d.adapters {
		if a.program = beside(a.name); a.program == "" {
			missing = append(missing, a)
			packages = append(packages, "busbar/"+a.name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	// A go.mod that names this module is not enough: the folder may hold nothing else.
	if exec.CommandContext(ctx, "go", append([]string{"list"}, packages...)...).Run() == nil {
		d.say("Building the adapters, which takes a while the first time.")
		build := append([]string{"build", "-o", d.dir + "/"}, packages...)
		if out, err := exec.CommandContext(ctx, "go", build...).CombinedOutput(); err != nil {
			return fmt.Errorf("building the adapters: %w: %s", err, bytes.TrimSpace(out))
		}
		for _, a := range missing {
			a.program = d.path(a.name)
		}
		return nil
	}
	for _, a := range missing {
		var err error
		if a.program, err = exec.LookPath(a.name); err != nil {
			return fmt.Errorf("looking for %s: %w (run the demo in the source tree, or install %s beside bus)", a.name, err, a.name)
		}
	}
	return nil
}

// beside is the program of that name in this program's folder, or empty.
func beside(name string) string {
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	file := filepath.Join(filepath.Dir(self), name)
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return file
}
