# The answers as a PSGI application, for Starman.
use strict;
use warnings;
use Compress::Zlib qw(memGzip);
use Digest::SHA qw(sha256_hex);

sub {
    my $env = shift;
    my (undef, $id, $kind, $number) = split m{/}, $env->{PATH_INFO};
    my $upload = '';
    while ($env->{'psgi.input'}->read(my $piece, 65536)) { $upload .= $piece }
    my @headers = ('x-got' => $id, 'x-got-length' => length $upload, 'x-got-sha256' => sha256_hex($upload));
    return [$number, \@headers, []] if $kind eq 'status';
    my $content = $kind eq 'echo' ? $upload : substr("$id\n" x ($number / (1 + length $id) + 1), 0, $number);
    push @headers, ('x-length' => length $content, 'x-sha256' => sha256_hex($content));
    if ($kind =~ /^gzip/) {
        push @headers, ('content-encoding' => 'gzip');
        $content = memGzip($content);
    }
    push @headers, ('content-length' => length $content) unless $kind =~ /chunked/;
    my @pieces = $content =~ /(.{1,4000})/gs;
    return [200, \@headers, $env->{REQUEST_METHOD} eq 'HEAD' ? [] : \@pieces];
};
