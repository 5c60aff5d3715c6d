# What Doxygen 1.9.4 reads instead of the public headers. It doesn't know nested names with `inline` in them, nor the
# specialisations that the standard library, Boost and fmt ask for, and that no reader does.
s/ephemint::inline v0/ephemint/
s/struct (std|boost::system|fmt)::/struct foreign_/
