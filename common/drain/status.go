package drain

import (
	"context"
	"time"
)

// A Status is how a sink is.
type Status struct {
	Name   string
	Cursor int64 // the far side has everything up to here
	Handed int64 // the newest message handed over by this process
	// Since the start: messages acknowledged, and failures.
	Acknowledged, Failures int64
	// Err is why nothing goes out now; nil: it does, or nothing waits.
	Err error
	// LastError is the last error, also one that is over, and LastTime when it
	// was; nil: none since the start.
	LastError error
	LastTime  time.Time
}

// Status is a snapshot. It may be asked from any goroutine.
func (d *Drain) Status() Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.status
	s.Name = d.Name
	return s
}

// Err is why nothing goes out now, or nil.
func (d *Drain) Err() error { return d.Status().Err }

// acknowledged moves the cursor.
func (d *Drain) acknowledged(seq, messages int64, bookmark string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status.Acknowledged += messages
	d.failures, d.status.Err = 0, nil
	if seq <= d.status.Cursor {
		return nil // it was asked again
	}
	if m, ok := d.Store.(Bookmarker); ok && bookmark != "" {
		if err := m.SetBookmark(context.Background(), d.Name, seq, bookmark); err != nil {
			return err
		}
		d.bookmark = bookmark
	} else if err := d.Store.SetCursor(context.Background(), d.Name, seq); err != nil {
		return err
	}
	d.status.Cursor = seq
	return nil
}

// failing records an error as soon as it is known: what ends a connection may take a
// while to return.
func (d *Drain) failing(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status.Err, d.status.LastError, d.status.LastTime = err, err, time.Now()
}

// failed records why a connection ended that lasted for so long, and says how many
// did so in a row.
func (d *Drain) failed(err error, lasted time.Duration) (failures int) {
	d.failing(err)
	d.mu.Lock()
	if lasted > pauses.Most {
		d.failures = 0
	}
	d.failures++
	d.status.Failures++
	d.reported = true
	failures = d.failures
	d.mu.Unlock()
	d.log().Warn("sink cannot be reached; the journal keeps all; trying again",
		"sink", d.Name, "error", err, "failures", failures)
	if d.OnErr != nil {
		d.OnErr(err)
	}
	return failures
}

// well ends an error where nothing waits.
func (d *Drain) well() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failures, d.status.Err = 0, nil
}

// over reports once that the error has ended.
func (d *Drain) over() {
	d.mu.Lock()
	ended := d.reported && d.status.Err == nil
	if ended {
		d.reported = false
	}
	d.mu.Unlock()
	if ended {
		d.log().Info("the sink works again", "sink", d.Name)
		if d.OnErr != nil {
			d.OnErr(nil)
		}
	}
}
