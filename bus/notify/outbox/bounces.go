package outbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

const bounceSchema = `
	CREATE TABLE IF NOT EXISTS notify_bounces (
		address TEXT PRIMARY KEY, n INTEGER NOT NULL, last INTEGER NOT NULL) WITHOUT ROWID;`

// BounceOf is what tells a note in the address to which its bounces go. It is signed, so
// that nobody can make up bounces of somebody's mails.
func BounceOf(secret []byte, note string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("busbar notify bounce\x00" + note))
	return note + "-" + hex.EncodeToString(mac.Sum(nil)[:6])
}

// BouncedNote is the note of which a text tells; false: it is not ours.
func BouncedNote(secret []byte, text string) (string, bool) {
	i := strings.LastIndexByte(text, '-')
	if i < 1 || len(text) > 60 || !hmac.Equal([]byte(BounceOf(secret, text[:i])), []byte(text)) {
		return "", false
	}
	return text[:i], true
}

const (
	maxBounced = 4                  // in a row, then the address is paused
	rowOf      = 7 * 24 * time.Hour // bounces farther apart are no row
)

// Bounced stores that a mail which a server took came back for good, each once, and pauses
// its address after some in a row. known says that there is such a note.
func (o *Outbox) Bounced(ctx context.Context, note, reason string, now time.Time) (known, paused bool, err error) {
	if len(reason) > 300 {
		reason = reason[:300]
	}
	reason = strings.ToValidUTF8(reason, "")
	err = o.write(ctx, func(tx *sql.Tx) error {
		var to, before string
		err := tx.QueryRowContext(ctx, "SELECT address, error FROM notify_notes WHERE id = ? AND way = 'mail'", note).Scan(&to, &before)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if known = true; strings.HasPrefix(before, "bounced") {
			return nil
		}
		if _, err := tx.ExecContext(ctx, "UPDATE notify_notes SET error = ? WHERE id = ?", "bounced: "+reason, note); err != nil {
			return err
		}
		var n int
		err = tx.QueryRowContext(ctx, `INSERT INTO notify_bounces VALUES (?, 1, ?) ON CONFLICT DO UPDATE SET
			n = iif(last < ?, 1, n + 1), last = excluded.last RETURNING n`, to, now.UnixMilli(), now.Add(-rowOf).UnixMilli()).Scan(&n)
		if err != nil {
			return err
		}
		if n >= maxBounced {
			paused = true
			if _, err := tx.ExecContext(ctx, `INSERT INTO notify_addresses VALUES ('mail', ?, ?, ?, ?)
				ON CONFLICT DO UPDATE SET paused = iif(paused > 0, paused, excluded.paused), reason = excluded.reason`, to, n, now.UnixMilli(), "its mails bounced: "+reason); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "DELETE FROM notify_bounces WHERE address = ?", to); err != nil {
				return err
			}
		}
		return putCounts(ctx, tx, map[Count]int64{{"mail", "bounced"}: 1})
	})
	if err != nil {
		return false, false, fmt.Errorf("storing a bounce: %w", err)
	}
	return known, paused, nil
}
