package control

// help is what the command of this name says.
const help = `subscribe PACKAGE [ADDRESS]
    Mails about the package go to ADDRESS, or to you.
unsubscribe PACKAGE [ADDRESS]
    They no longer do.
unsubscribeall [ADDRESS]
    All subscriptions end.
which
    Lists your subscriptions.
keyword
keyword PACKAGE
    Lists the keywords whose mails you get: usually, or about a package.
keyword [ADDRESS] {+|-|=} KEYWORD ...
keyword PACKAGE [ADDRESS] {+|-|=} KEYWORD ...
    Adds keywords, removes some, or sets them all.
keywordall [ADDRESS] {+|-|=} KEYWORD ...
    The same for all subscriptions and for new ones.
confirm CODE
    What changes something is done when its code comes back.
quit
    The rest of the mail is not read. Also: thanks, stop, --
help
    This.

tag and tags are keyword, too. A line that begins with # is left out.
The keywords are archive, bts, bts-control, build, contact, default,
derivatives, security, summary, upload-binary, upload-source and vcs.
`
