package notify

import (
	"fmt"

	"busbar/bus/config"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/show"
)

type keyCommand struct {
	Webhook keyWebhook `cmd:"" help:"Print the secret by which the program at a person's webhook knows that a request is ours: whsec_ and base64, as Standard Webhooks has it. It opens nothing else."`
	WebPush keyWebPush `cmd:"" name:"webpush" help:"Print the public key with which a page subscribes to Web Push (applicationServerKey)."`
}

type keyWebhook struct {
	Person  string `arg:"" help:"The person, as the rules name them."`
	Address string `arg:"" help:"The webhook's address, as it stands in the rules behind webhook:."`
}

// Run prints the secret.
func (c *keyWebhook) Run(p *program.Env, g *program.Globals) error {
	cfg, err := config.Load(p, g)
	if err != nil {
		return err
	}
	secret, err := cfg.Notify.Webhook.Secret(c.Person, c.Address)
	return printed(p, secret.Reveal(), err)
}

type keyWebPush struct{}

// Run prints the public key.
func (c *keyWebPush) Run(p *program.Env, g *program.Globals) error {
	cfg, err := config.Load(p, g)
	if err != nil {
		return err
	}
	key, err := cfg.Notify.WebPush.PublicKey()
	return printed(p, key, err)
}

func printed(p *program.Env, text string, err error) error {
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: fmt.Errorf("looking for the key: %w", err)}
	}
	_, err = show.Fprintln(p.Stdout, text)
	return err
}
