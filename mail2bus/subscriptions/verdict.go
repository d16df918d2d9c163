package subscriptions

import (
	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
)

// What becomes of a confirmation; but for the first three, why it is not answered. They
// are counters' labels.
const (
	IsAnswered   = "it is answered"
	IsShown      = "it waits for a person (mail2bus subscriptions)"
	IsOld        = "it is read again, or from a file"
	NobodyAsked  = "nobody asked for it"
	OtherSender  = "it is not from the list that it would be of"
	OtherManager = "it is not in the form of the list's manager"
	OtherAddress = "it is about another address"
	OtherWish    = "it is about another wish than the one that was asked for"
	OtherMail    = "it answers another mail than the request"
	TooLate      = "it comes more than a day after the request"
	TooEarly     = "it came before the request"
	SecondOne    = "it is not the first one"
	Loops        = "it passed here before"
)

// A Verdict is what becomes of a confirmation that was read. It stands for the mail.
type Verdict struct {
	Reason string
	Err    error // it could not be noted; the mail is read again
}

const confirmation = "the confirmation of a subscription to a list: "

// Translators have confirmations be no events: whoever reads the token could confirm.
func Translators() []translate.Translator[any] {
	return []translate.Translator[any]{
		translate.Of(translate.Translator[Verdict]{Name: name, Translate: func(it translate.Item[Verdict]) ([]event.Event, error) {
			if it.Value.Err != nil {
				return nil, it.Value.Err
			}
			return nil, translate.Ignore(confirmation + it.Value.Reason)
		}}),
		translate.Of(translate.Translator[*mail.Message]{Name: name, Translate: func(it translate.Item[*mail.Message]) ([]event.Event, error) {
			if c := Find(it.Value); c != nil && !c.Stray {
				return nil, translate.Ignore(confirmation + IsOld)
			}
			return nil, translate.Skip("nobody's")
		}}),
	}
}

const name = "subscription"
