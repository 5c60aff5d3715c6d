# What the checks and the site know of a page: its text apart from its code, and the anchors of its headings, as GitHub makes
# them.
package pages;
use strict;
use warnings;
use utf8;

# What a bare Debian has of Perl does for all of this.
binmode STDOUT, ':utf8';

# The page's parts in order, as pairs: what it is ("code", a block with its fences, or "text"), and the part.
sub parts_of {
  my ($file) = @_;
  open(my $in, '<:utf8', $file) or die "$file: $!\n";
  my @parts = (['text', '']);
  while (my $line = <$in>) {
    my $fence = $line =~ /^\s*```/;
    push @parts, ['code', ''] if $fence && $parts[-1][0] eq 'text';
    $parts[-1][1] .= $line;
    push @parts, ['text', ''] if $fence && $parts[-1][0] eq 'code' && $parts[-1][1] =~ tr/\n// > 1;
  }
  return @parts;
}

# A function that gives a heading's anchor: a new one for each page, as a second heading of the same words has another anchor.
sub anchors {
  my %seen;
  return sub {
    my $anchor = lc shift;
    $anchor =~ s/\[([^\]]*)\]\([^)]*\)/$1/g;    # a link's text
    $anchor =~ s/[^\w\- ]//g;
    $anchor =~ tr/ /-/;
    my $before = $seen{$anchor}++;
    return $before ? "$anchor-$before" : $anchor;
  };
}

1;
