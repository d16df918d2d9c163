package event

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Namespace is the UUIDv5 namespace (RFC 9562 §5.5) of all Busbar ids. It was
// drawn once and never changes: ids are compared across programs and years.
const Namespace = "8e4ff3a6-6c5b-5d0e-9d35-1f4f3a7b0c52"

// UUID is the identity of a fact: the UUIDv5 of SERVICE, NUL and the fact's
// key. The same fact has the same UUID whoever tells it, and whenever.
func UUID(service, key string) uuid.UUID {
	return uuid.NewSHA1(uuid.MustParse(Namespace), []byte(service+"\x00"+key))
}

// Replacement is the identity of what e says in other words than were published under
// its id: no key holds a NUL, so it is no other fact's.
func (e Event) Replacement(substance []byte) uuid.UUID {
	return UUID(e.Kind.Service(), e.Key+"\x00"+hex.EncodeToString(substance))
}

// UUID is the event's identity.
func (e Event) UUID() uuid.UUID { return UUID(e.Kind.Service(), e.Key) }

// ID is the message id in fedmsg's form, YEAR-UUID. The year is that of the
// fact; received stands in where the fact has no time. Only the UUID is
// compared.
func (e Event) ID(received time.Time) string {
	t := e.Time
	if t.IsZero() {
		t = received
	}
	return FormatID(t, e.UUID())
}

// FormatID is fedmsg's form of a message id, YEAR-UUID, with the year of t in
// UTC.
func FormatID(t time.Time, u uuid.UUID) string {
	year := min(max(t.UTC().Year(), 0), 9999)
	return fmt.Sprintf("%04d-%s", year, u)
}

// IDUUID cuts the UUID out of a message id. An id without a year before it is
// accepted, as other buses write them.
func IDUUID(id string) (uuid.UUID, error) {
	s := id
	if year, rest, ok := strings.Cut(id, "-"); ok && len(year) == 4 && strings.Trim(year, "0123456789") == "" {
		s = rest
	}
	if len(s) != 36 {
		return uuid.Nil, fmt.Errorf("reading message id %q: it is not YEAR-UUID", clip(id))
	}
	u, err := uuid.Parse(strings.ToLower(s))
	if err != nil {
		return uuid.Nil, fmt.Errorf("reading message id %q: it is not YEAR-UUID", clip(id))
	}
	return u, nil
}
