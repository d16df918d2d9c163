# A server of the real SOAP::Lite, as a CGI program like debbugs' own.
use strict;
use warnings;
use SOAP::Transport::HTTP;

package Kettle;
sub echo { my ($class, @args) = @_; return \@args }
sub told { my ($class, @args) = @_; return join '|', map { ref $_ ? '[' . join(',', @$_) . ']' : $_ } @args }
sub struct { return {transition => [1, 2], 'to-go' => 'x'} }
sub map { return {'x@y' => [1], 2026 => '1.0', "th\xc3\xa9" => "\xc3\xa9\xff"} }
sub none { return {} }
sub nothing { return }
sub undefined { return [undef, ''] }
sub twice { my $once = ['1.2-1', "th\xc3\xa9"]; return {a => $once, b => $once} }
sub circle { my $c = {}; $c->{c} = $c; return $c }
sub dry { die "the kettle is dry\n" }
sub large { return [1 .. 50000] }

package main;
SOAP::Transport::HTTP::CGI->dispatch_to('Kettle')->handle;
