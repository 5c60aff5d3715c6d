# What is sent, admitted and refused each second (means over 15 s), ours against AWS adaptive.
#   build/bench/bench/quota/bench_quota --trace build/bench/quota-trace.txt && gnuplot bench/plots/quota.gp
# writes docs/guide/rate-limits-w4.svg and rate-limits-w6.svg. `trace` and `out`, given by -e, say otherwise.
# The trace has 11,000 lines and comes out the same each time, so it isn't kept with the results.
if (!exists("trace")) trace = 'build/bench/quota-trace.txt'
if (!exists("out")) out = 'docs/guide'

set terminal svg size 900,520 font 'sans-serif,12' background '#ffffff'
set key outside top right horizontal
set xlabel 'minute'
set ylabel 'requests a second'
set style fill solid 0.6 noborder
set grid y lc '#dddddd'
bin(second) = (floor(second / 15.0) * 15.0 + 7.5) / 60.0
aws = '#d55e00'
admitted = '#0072b2'

do for [w = 0:1] {
  name = w == 0 ? 'w4' : 'w6'
  what = w == 0 ? 'W4: a batch of 5,000 and logins at 0.3 of the quota' : 'W6: saturated, the quota goes 200, 600, 100 a minute'
  set output sprintf('%s/rate-limits-%s.svg', out, name)
  set multiplot layout 2,1 title what
  do for [s = 0:1] {
    set title (s == 0 ? 'AWS adaptive' : 'Ephemint')
    plot trace index (2 * w + s) using (bin($1)):($3 / 15.0) smooth frequency with lines lw 2 lc rgb admitted title 'admitted', \
         '' index (2 * w + s) using (bin($1)):($4 / 15.0) smooth frequency with boxes lc rgb aws title 'refused'
  }
  unset multiplot
}
