package trial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// A Site is a folder where an act installs programs of ours. What runs there is
// stopped at its end, and what was done to the machine undone.
type Site struct {
	Dir string
	Out io.Writer // for figures beside the act's own line

	bin     string // where the programs are
	log     *os.File
	logs    []*os.File // of daemons with a name
	victims []*Victim
	undo    []func() error
}

// NewSite makes the folder; the programs were built into bin.
func NewSite(dir, bin string) (*Site, error) {
	// Others may go through it: a database server runs as a user of its own.
	if err := os.Mkdir(dir, 0o711); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	return &Site{Dir: dir, Out: io.Discard, bin: bin, log: log}, err
}

// Path is that of a file in the folder.
func (s *Site) Path(name string) string { return filepath.Join(s.Dir, name) }

// Program is the file of one of our programs.
func (s *Site) Program(name string) string { return filepath.Join(s.bin, name) }

// Config is the file where a program's configuration is.
func (s *Site) Config(program string) string { return s.Path(program + ".toml") }

// Configure writes a program's configuration.
func (s *Site) Configure(program, format string, args ...any) error {
	return os.WriteFile(s.Config(program), fmt.Appendf(nil, format, args...), 0o600)
}

// Mkdir makes folders below the site's, or at absolute paths.
func (s *Site) Mkdir(names ...string) error {
	for _, name := range names {
		if !filepath.IsAbs(name) {
			name = s.Path(name)
		}
		if err := os.Mkdir(name, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// Daemon is a program with a command, such as run, that has still to be started.
// At the end of the act it is stopped.
func (s *Site) Daemon(program, command string) *Victim {
	v := &Victim{Program: s.Program(program), Args: []string{command, "--config", s.Config(program)}, Log: s.log}
	s.victims = append(s.victims, v)
	return v
}

// Named is a daemon that has a name of its own, and so a configuration and a log: for
// where several of one program run.
func (s *Site) Named(name, program string, args ...string) (*Victim, error) {
	log, err := os.OpenFile(s.Path(name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	s.logs = append(s.logs, log)
	v := &Victim{Program: s.Program(program), Args: append(args, "--config", s.Config(name)), Log: log}
	s.victims = append(s.victims, v)
	return v, nil
}

// Command is a program's command, to be run to its end: what it says goes into
// the log.
func (s *Site) Command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.Program(program), append(args, "--config", s.Config(program))...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	return cmd
}

// Run runs a program's command to its end.
func (s *Site) Run(ctx context.Context, program string, args ...string) error {
	if err := s.Command(ctx, program, args...).Run(); err != nil {
		return fmt.Errorf("%s %s: %w", program, args[0], err)
	}
	return nil
}

// Undo is done at the end, the last first.
func (s *Site) Undo(undo func() error) { s.undo = append(s.undo, undo) }

// SmallDisk mounts a disk of some bytes; without root the act is skipped.
func (s *Site) SmallDisk(name string, size int) (dir string, err error) {
	dir = s.Path(name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		return "", fmt.Errorf("%w: a small disk could not be mounted (%w); run as root", ErrSkipped, err)
	}
	s.Undo(func() error { return syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir, nil
}

// Fill writes to the end of a file until its disk, of at most some bytes, is full.
func Fill(path string, most int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, 4096)
	for range 2 * most / len(block) {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return errors.New("filling the disk: it never became full")
}

// End stops what runs and undoes what was done to the machine.
func (s *Site) End() error {
	var errs []error
	for _, v := range s.victims {
		errs = append(errs, v.Stop())
	}
	for i := len(s.undo) - 1; i >= 0; i-- {
		errs = append(errs, s.undo[i]())
	}
	for _, log := range append(s.logs, s.log) {
		errs = append(errs, log.Close())
	}
	return errors.Join(errs...)
}

// LastWords are the end of what its programs said.
func (s *Site) LastWords() string {
	words := LastWords(s.log.Name())
	for _, log := range s.logs {
		words += "\n" + filepath.Base(log.Name()) + ":\n" + LastWords(log.Name())
	}
	return words
}
