# Sieve (Pigeonhole): mails of the services that we follow go to mail2bus.
#
# Server: dovecot-sieve.conf beside this file (with Dovecot 2.4, dovecot-2.4-sieve.conf)
# allows the command, and has the service that runs it.
#
# Why 75 matters here, and does not suffice: Sieve runs when Dovecot has already
# said yes to the mail system. Whatever the command ends with but 0, 75 like any
# other, the script fails and the mail is kept in INBOX: it is not lost, and not
# on the bus. Hand it in later (mail2bus deliver < FILE), or let mail2bus read the
# Maildir itself, which tries again without being told. So never write
# "pipe :try", which ignores the failure.
require ["vnd.dovecot.pipe", "copy"];

if anyof (exists "X-Debian-PR-Message", exists "X-DAK", exists "List-Id") {
    # :copy keeps the mail in the mailbox, too.
    pipe :copy "mail2bus-pipe";
}
