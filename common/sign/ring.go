package sign

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"busbar/common/pgp"
)

// ring keeps the OpenPGP keys that a folder or a file says, and reads them again when
// they change. What cannot be read is an alarm, and the last good state stays.
type ring struct {
	path   string
	alarms alarms

	mu     sync.Mutex
	keys   *pgp.Ring
	stamps map[string]stamp
	looked time.Time
	failed bool
}

// lookAgain is how long a look at the files is good for: a folder may have many.
const lookAgain = time.Second

// open reads the keys for the first time. Here an error is the caller's.
func (r *ring) open(now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looked = now
	return r.load(r.stampsNow())
}

// stampsNow are those of the path and of each file with keys.
func (r *ring) stampsNow() map[string]stamp {
	stamps := map[string]stamp{r.path: stampOf(r.path)}
	files, err := pgp.Files(r.path)
	if err != nil {
		stamps[r.path] = stamp{err: err.Error()}
	}
	for _, file := range files {
		stamps[file] = stampOf(file)
	}
	return stamps
}

// load reads the files; the stamps are older, so a change between is seen next time.
func (r *ring) load(stamps map[string]stamp) error {
	r.stamps = stamps
	keys, err := pgp.ReadRing(r.path)
	r.failed = err != nil
	if err != nil {
		return fmt.Errorf("reading the keyring: %w", err)
	}
	r.keys = keys
	return nil
}

// current are the keys of this moment.
func (r *ring) current(now time.Time) *pgp.Ring {
	r.mu.Lock()
	defer r.mu.Unlock()
	since := now.Sub(r.looked).Abs()
	if since < lookAgain {
		return r.keys
	}
	stamps := r.stampsNow()
	changed := !maps.EqualFunc(stamps, r.stamps, stamp.same)
	if !changed && !(r.failed && since >= readAgain) {
		if !r.failed {
			r.looked = now
		}
		return r.keys
	}
	r.looked = now
	if err := r.load(stamps); err != nil {
		r.alarms.raise("keyring", fmt.Sprintf("%v; the last good state is used", err))
	} else {
		r.alarms.clear("keyring")
	}
	return r.keys
}
