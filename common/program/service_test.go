package program

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"busbar/common/config"
	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/translate"
	"busbar/fixtures/leaks"
)

// zmq4 forgets one goroutine of each publisher that is closed (see common/wire).
func TestMain(m *testing.M) {
	os.Exit(leaks.Run(m, goleak.IgnoreAnyFunction("github.com/go-zeromq/zmq4.(*pubMWriter).run")))
}

func serve(t *testing.T, ctx context.Context, tasks ...Task) error {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, slog.New(slog.DiscardHandler), func() string { return "fine" }, tasks...)
	}()
	select {
	case err := <-ended:
		return err
	case <-time.After(3 * time.Minute):
		t.Fatal("Serve did not end")
		return nil
	}
}

func untilTheEnd(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

func TestServe(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		run  func(context.Context) error
		want string
	}{
		{"fails", func(context.Context) error { return broken }, "running the reader: broken"},
		{"ends", func(context.Context) error { return nil }, "running the reader: it ended by itself"},
	} {
		err := serve(t, context.Background(), Task{"the publisher", untilTheEnd}, Task{"the reader", c.run})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := serve(t, ctx, Task{"one", untilTheEnd}, Task{"two", func(ctx context.Context) error { <-ctx.Done(); return nil }}); err != nil {
		t.Errorf("ended as asked: %v", err)
	}
	// A transaction that the end has rolled back.
	if err := serve(t, ctx, Task{"one", func(ctx context.Context) error { <-ctx.Done(); return sql.ErrTxDone }}); err != nil {
		t.Errorf("ended as asked in a transaction: %v", err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	cancel()
	err := serve(t, ctx, Task{"the reader", func(ctx context.Context) error { <-ctx.Done(); return broken }})
	if !errors.Is(err, broken) {
		t.Errorf("trouble at the end is not told: %v", err)
	}
}

func TestExplainKeepsAPanicAside(t *testing.T) {
	table := []translate.Translator[any]{{Name: "bad", Translate: func(translate.Item[any]) ([]event.Event, error) { panic("a bug") }}}
	x, err := explain(table, translate.Item[any]{Origin: "x"}, config.DefaultBus(), nil)
	if err != nil || !strings.Contains(x.Poison, "a bug") || x.Origin != "x" {
		t.Errorf("%+v, %v", x, err)
	}
}

func TestPrintFindings(t *testing.T) {
	var out strings.Builder
	p := &Env{Name: "prog", Stdout: &out, Stderr: io.Discard}
	findings := []Finding{Found("one", nil, "well"), Found("two", errors.New("badly"), "")}
	if err := PrintFindings(p, findings[:1], false); err != nil {
		t.Error(err)
	}
	var failure *exit.Error
	if err := PrintFindings(p, findings, true); !errors.As(err, &failure) || failure.Code != exit.Config || !strings.Contains(err.Error(), "1 of 2") {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"ok    one            well\n", `{"what":"two","level":"fail","detail":"badly"}` + "\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %q", want, out.String())
		}
	}
}
