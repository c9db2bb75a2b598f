# Perl's LWP. `lwp.pl PLAN`
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use HTTP::Request;
use JSON::PP qw(decode_json encode_json);
use LWP::UserAgent;

$| = 1;
sub slurp { open my $file, '<:raw', $_[0] or die; local $/; return scalar <$file> }

my $plan = decode_json(slurp($ARGV[0]));
for my $group (@{ $plan->{groups} }) {
    my $agent = LWP::UserAgent->new(keep_alive => 1, timeout => 20, env_proxy => 0);
    for my $exchange (@{ $group->{exchanges} }) {
        my $request = HTTP::Request->new($exchange->{method}, "http://$plan->{host}:$plan->{port}$exchange->{target}");
        $request->header('Accept-Encoding' => 'gzip');
        if ($exchange->{body}) {
            my $data = slurp($exchange->{body});
            # Of a function LWP does not know the length.
            $request->content($exchange->{chunked} ? sub { substr($data, 0, 7001, '') } : $data);
        }
        if ($exchange->{abort}) {
            $agent->request($request, sub { die 'away' }, 1000);
            print encode_json({ id => $exchange->{id}, aborted => \1 }), "\n";
            next;
        }
        my $response = $agent->request($request);
        my $content = $response->decoded_content(charset => 'none') // '';
        my $got = $response->header('x-got');
        print encode_json(
            defined $got
            ? { id => $exchange->{id}, status => 0 + $response->code, got => $got, length => length $content, sha256 => sha256_hex($content) }
            : { id => $exchange->{id}, error => $response->status_line }
        ), "\n";
    }
}
