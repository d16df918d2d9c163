package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"time"

	"busbar/common/event"
	"busbar/common/sqlfile"
	"busbar/contrib/trials/trial"
)

// A run is what the act has of its site.
type run struct {
	o     options
	s     *trial.Site
	rng   *rand.Rand
	want  awards
	bad   []trial.Count
	where []string
	kills int
	peak  string
}

func play(ctx context.Context, o options, s *trial.Site) (string, error) {
	r := &run{o: o, s: s, rng: rand.New(rand.NewPCG(o.Seed, 16))}
	list := facts(r.rng, o.events, o.people)
	r.want = plain(list)
	all := sayings(list, nil)
	if err := errors.Join(fill(ctx, s.Path("archive.db"), all), fill(ctx, s.Path("second.db"), sayings(list, r.rng)), os.WriteFile(s.Path("badges.toml"), []byte(rules), 0o600)); err != nil {
		return "", err
	}
	if err := r.configure("badges.db", "journal.db"); err != nil {
		return "", err
	}
	read := func(what, file string) (time.Duration, error) {
		began := time.Now()
		err := r.killed(ctx, file)
		took := time.Since(began)
		if err == nil {
			err = r.compare(ctx, what, file)
		}
		return took, err
	}
	first, err := read("after the first reading", "badges.db")
	if err != nil {
		return "", err
	}
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		_ = os.Remove(s.Path("archive.db" + suffix)) // some are not there
	}
	if err := os.Rename(s.Path("second.db"), s.Path("archive.db")); err != nil {
		return "", err
	}
	second, err := read("after the second reading", "badges.db")
	if err != nil {
		return "", err
	}
	said, err := r.journal(ctx)
	if err != nil {
		return "", err
	}
	if err := r.configure("fresh.db", "fresh-journal.db"); err != nil {
		return "", err
	}
	r.o.kills = 0
	fresh, err := read("in a fresh file", "fresh.db")
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%d events said %d times, %d people, %d awards; first reading %.0f s, second in another order %.0f s, killed %d times; %d awards on the bus; "+
		"a fresh file without a pause %.0f s, %.0f messages/s, peak memory %s", o.events, len(all), o.people, len(r.want), first.Seconds(), second.Seconds(), r.kills, said,
		fresh.Seconds(), float64(len(all))/fresh.Seconds(), r.peak)
	return text, trial.Verdict(r.bad, r.where...)
}

func (r *run) configure(file, journal string) error {
	return r.s.Configure("bus", "[bus]\nlog = \"warn\"\n[sign]\nbackend = \"none\"\n[badges]\nrules = %q\narchive = %q\nfile = %q\njournal = %q\n",
		r.s.Path("badges.toml"), r.s.Path("archive.db"), r.s.Path(file), r.s.Path(journal))
}

// killed has the program read all, and kills it before: by turns somewhere in what it
// does first, and behind what it stored at least once. A killed program goes on where it
// was.
func (r *run) killed(ctx context.Context, file string) error {
	for n := 0; ; n++ {
		from, err := r.position(ctx, file)
		if err != nil {
			return err
		}
		cmd := r.s.Command(ctx, "bus", "badges", "run", "--once")
		if err := cmd.Start(); err != nil {
			return err
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		killed := false
		if n < r.o.kills {
			if killed, err = r.kill(ctx, cmd, file, from, n%2 == 1, ended); err != nil {
				return err
			}
		}
		for look := time.NewTicker(50 * time.Millisecond); ; {
			select {
			case err = <-ended:
			case <-look.C:
				if peak := trial.Peak(cmd.Process.Pid); peak != "unknown" { // it has ended
					r.peak = peak
				}
				continue
			}
			look.Stop()
			break
		}
		var exit *exec.ExitError
		switch {
		case err == nil:
			return nil
		case killed && errors.As(err, &exit) && exit.ExitCode() == -1:
			r.kills++
		default:
			return fmt.Errorf("bus badges run: %w", err)
		}
	}
}

// kill waits until the program has begun, or has stored something, and then a little, and
// kills it; false: it had ended before.
func (r *run) kill(ctx context.Context, cmd *exec.Cmd, file string, from int64, stored bool, ended chan error) (bool, error) {
	began := time.Now()
	for {
		at, err := r.position(ctx, file)
		if err != nil {
			return false, err
		}
		log, err := os.Stat(r.s.Path(file + "-wal"))
		if stored && at != from && at > 0 || !stored && err == nil && log.ModTime().After(began) {
			break
		}
		select {
		case err := <-ended:
			ended <- err
			return false, nil
		case <-time.After(2 * time.Millisecond):
		}
	}
	if err := trial.Pause(ctx, time.Duration(r.rng.Int64N(int64(300*time.Millisecond)))); err != nil {
		return false, err
	}
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return false, err
	}
	return true, nil
}

// position is up to which arrival the file says that all badges have read.
func (r *run) position(ctx context.Context, file string) (n int64, err error) {
	if _, err := os.Stat(r.s.Path(file)); errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	db, err := sqlfile.Open(r.s.Path(file), 1, url.Values{"mode": {"rw"}, "_pragma": {"busy_timeout(20000)"}})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'badges'").Scan(&tables); err != nil || tables == 0 {
		return 0, err // it is being made
	}
	err = db.QueryRowContext(ctx, "SELECT coalesce(min(n), 0) FROM badges").Scan(&n)
	return n, err
}

// compare reads the awards as they are in the file.
func (r *run) compare(ctx context.Context, what, file string) error {
	db, err := sqlfile.Open(r.s.Path(file), 1, url.Values{"mode": {"ro"}})
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, "SELECT b.name, a.level, p.key, a.at, a.msg FROM awards a JOIN badges b ON b.id = a.badge JOIN people p ON p.id = a.person")
	if err != nil {
		return err
	}
	defer rows.Close()
	got := awards{}
	for rows.Next() {
		var badge, person, msg string
		var level, at int64
		if err := rows.Scan(&badge, &level, &person, &at, &msg); err != nil {
			return err
		}
		got[fmt.Sprintf("%s %d %s", badge, level, person)] = fmt.Sprintf("%d %s", at, msg)
	}
	missing, extra, other, where := differ(got, r.want)
	r.bad = append(r.bad, trial.Count{N: missing, What: "awards missing " + what}, trial.Count{N: extra, What: "awards too many " + what}, trial.Count{N: other, What: "awards of other messages " + what})
	r.where = append(r.where, where...)
	return rows.Err()
}

// journal counts what was said of awards, each of which must be said once. An award that
// somebody lost to an earlier one (of a first) may have been said before.
func (r *run) journal(ctx context.Context) (int, error) {
	times := map[string]int{}
	if _, faults, err := trial.Verify(ctx, r.s.Path("journal.db"), nil); err != nil || len(faults) > 0 {
		return 0, errors.Join(err, trial.Verdict([]trial.Count{{N: len(faults), What: "faults in the journal"}}, faults...))
	}
	err := trial.Messages(ctx, r.s.Path("journal.db"), func(_ string, e event.Envelope) {
		body, _ := e.Msg.(map[string]any)
		person, _ := body["person"].(map[string]any)
		times[fmt.Sprintf("%v %v %v", body["badge"], body["level"], person["email"])]++
	})
	unsaid, doubled, lost := 0, 0, 0
	for key := range r.want {
		if times[key] == 0 {
			unsaid++
		}
	}
	for key, n := range times {
		if n > 1 {
			doubled++
		}
		if _, ok := r.want[key]; !ok {
			lost++
		}
	}
	r.bad = append(r.bad, trial.Count{N: unsaid, What: "awards not said"}, trial.Count{N: doubled, What: "awards said twice"}, trial.Count{N: lost, What: "awards said that nobody has"})
	return len(times), err
}
