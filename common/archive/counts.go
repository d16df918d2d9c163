package archive

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/common/event"
)

// An HourCount is how many messages are of an hour.
type HourCount struct {
	Hour  time.Time `json:"hour"` // its beginning, in UTC
	Count int64     `json:"count"`
}

// maxHours is how many hours one answer has: ten years.
const maxHours = 10 * 366 * 24

// Hours counts the messages of a name for each hour from the one of from to the one of
// to, both included: hours without any are left out. Topics, categories and publishers
// are counted; the zero Kind, with no value, stands for all messages.
func (r *Reader) Hours(ctx context.Context, kind Kind, value string, from, to time.Time) ([]HourCount, error) {
	list, err := collect(ctx, r.db, scanHour, `SELECT hour, count FROM hours
		WHERE name = (SELECT id FROM names WHERE kind = ? AND value = ?) AND hour BETWEEN ? AND ? AND count > 0 ORDER BY hour LIMIT ?`,
		int64(kind), value, hourOf(from), hourOf(to), maxHours)
	return list, r.fail(err, "counting the hours of %.80q", value)
}

func scanHour(scan func(...any) error, h *HourCount) error {
	var hour int64
	err := scan(&hour, &h.Count)
	h.Hour = time.Unix(hour*secondsPerHour, 0).UTC()
	return err
}

func hourOf(t time.Time) int64 { return placeOf(t.Unix(), 0).time() / secondsPerHour }

// A Total is how many messages a name has, within some hours.
type Total struct {
	Value string
	Count int64
}

// Totals counts the messages of each name of a kind that is counted (see Hours), from
// the hour of from to the one of to: the most frequent first. Names without any message
// there have the count 0, and are listed, too. Many names and long times take long:
// the reader's time-out ends it.
func (r *Reader) Totals(ctx context.Context, kind Kind, from, to time.Time, limit int) ([]Total, error) {
	ctx, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	list, err := collect(ctx, r.db, func(scan func(...any) error, t *Total) error { return scan(&t.Value, &t.Count) },
		`SELECT value, (SELECT coalesce(sum(count), 0) FROM hours WHERE name = names.id AND hour BETWEEN ? AND ?) AS n
		FROM names WHERE kind = ? ORDER BY n DESC, value LIMIT ?`, hourOf(from), hourOf(to), int64(kind), batch(limit))
	return list, r.fail(err, "counting messages")
}

// TopicsUnder lists the topics that ever came under one (see event.TopicUnder), at
// most limit.
func (r *Reader) TopicsUnder(ctx context.Context, prefix, topic string, limit int) ([]string, error) {
	list, err := collect(ctx, r.db, func(scan func(...any) error, name *string) error { return scan(name) },
		"SELECT value FROM names WHERE kind = ? ORDER BY value LIMIT ?", int64(Topic), maxNames)
	list = slices.DeleteFunc(list, func(name string) bool { return !event.TopicUnder(prefix, name, topic) })
	return list[:min(len(list), limit)], r.fail(err, "listing the topics under %.80q", topic)
}

// Hourly counts the messages for which a condition holds, for each hour as Hours does:
// from the counts that are kept where there are, else from the messages themselves, of
// which there may be as many as the reader's time-out lets it count. Prefix is what
// topics may leave out (Under).
func (r *Reader) Hourly(ctx context.Context, c Condition, prefix string, from, to time.Time) (list []HourCount, err error) {
	low, high := hourOf(from), hourOf(to)
	q := Query{Conditions: []Condition{c}, Prefix: prefix, From: time.Unix(low*secondsPerHour, 0), To: time.Unix((high+1)*secondsPerHour-1, 0)}
	cut := false
	err = r.search(ctx, q, func(s *search) error {
		ids, err := s.names(c)
		switch {
		case err != nil || len(ids) == 0:
			return err
		case c.Kind.counted():
			// The ids are numbers of ours.
			in := strings.Trim(strings.ReplaceAll(fmt.Sprint(ids), " ", ", "), "[]")
			list, err = collect(s.ctx, s.tx, scanHour, "SELECT hour, sum(count) FROM hours WHERE name IN ("+in+") AND hour BETWEEN ? AND ? AND count > 0 GROUP BY hour ORDER BY hour LIMIT ?", low, high, maxHours)
		case len(ids) <= maxTogether:
			list, err = collect(s.ctx, s.tx, scanHour, fmt.Sprintf("SELECT (rowid >> %d) / %d AS hour, count(*) FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? GROUP BY hour ORDER BY hour LIMIT ?", arrivalBits, secondsPerHour),
				anyOf(ids), int64(s.low), int64(s.high), maxHours)
		default:
			list, err = s.hourly()
		}
		return err
	}, func(*search) { cut = true })
	if err == nil && cut {
		err = fmt.Errorf("%w: it takes too long: ask for a shorter time", ErrQuery)
	}
	return list, r.fail(err, "counting the hours of %.80q", c.Values)
}

// hourly counts what the search finds.
func (s *search) hourly() (list []HourCount, err error) {
	for {
		place, err := s.next()
		if err != nil || place == 0 {
			return list, err
		}
		hour := time.Unix(place.time()/secondsPerHour*secondsPerHour, 0).UTC()
		if len(list) == 0 || !list[len(list)-1].Hour.Equal(hour) {
			if len(list) == maxHours {
				return list, nil
			}
			list = append(list, HourCount{Hour: hour})
		}
		list[len(list)-1].Count++
	}
}
