package Report;
use strict; use warnings;
use Data::Dumper;
sub write { my ($m,$r,$partial)=@_; local $Data::Dumper::Sortkeys=1; print Dumper($m,$r) }
sub growth { print Dumper(@_) }
1;
