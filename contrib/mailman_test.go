//go:build mailman

package contrib

import "testing"

// TestSubscribeToMailman subscribes to a list of a real Mailman 3, confirms that, and
// leaves. It takes minutes and 60 packages: make mailman.
func TestSubscribeToMailman(t *testing.T) {
	m := newMachine(t, "postfix mailman")
	want(t, m.session(aSubscription(t)+`
PATIENCE=250
. contrib/testdata/mailman.sh
daemon
mail2bus subscribe --manager mailman soups@lists.example.org
until_ subscribed
until_ says ^confirmed
mail2bus unsubscribe soups@lists.example.org
until_ left
until_ says ^ended
mailman stop
echo session: all is well
`), "session: all is well")
}
