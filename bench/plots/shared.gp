# A batch on one of four processes and logins on the others: what each way of sharing makes of it.
#   build/bench/bench/quota/bench_shared_quota --columns build/bench/shared.txt && gnuplot bench/plots/shared.gp
# writes docs/guide/several-machines.svg. `table` and `out`, given by -e, say otherwise.
if (!exists("table")) table = 'build/bench/shared.txt'
if (!exists("out")) out = 'docs/guide'

batch = 'a batch on one, logins at 0.3 x on the others, 200 a minute, K = 4'
stats table index batch using 4 nooutput
ways = STATS_records

set terminal svg size 1000, 90 + 34 * ways font 'sans-serif,12' background '#ffffff'
set output out . '/several-machines.svg'
set multiplot layout 1, 4 title "200 requests a minute for 4 processes: a batch on one, logins at 0.3 of the quota on the others"
unset key
set grid x lc '#dddddd'
set border 3 lc '#555555'
set tics nomirror
set style fill solid 0.75 noborder
set yrange [ways - 0.4:-0.6]
colour(name) = name eq 'shared' ? 0x0072b2 : 0xd55e00
panel(n) = word('4 6 5 8', n)
titles = "'of the quota used' 'logins in time' '429s, %' 'wait of logins, p99, ms'"
mosts = '1.35 1.35 9 7500'
formats = '%.3f %.3f %.2f %.0f'
do for [i = 1:4] {
  set lmargin at screen 0.135 + 0.215 * (i - 1)
  set rmargin at screen 0.325 + 0.215 * (i - 1)
  set xrange [0:real(word(mosts, i))]
  set xtics (i <= 2 ? 0.5 : i == 3 ? 3 : 2500)
  set title word(titles, i)
  if (i == 1) { set ytics scale 0 } else { set ytics format '' scale 0 }
  c = int(panel(i))
  if (i == 1) {
    plot table index batch using (0):0:(0):(column(c)):($0 - 0.36):($0 + 0.36):(colour(strcol(1))):ytic(1) with boxxyerror lc rgb variable, \
         '' index batch using (column(c)):0:(sprintf(word(formats, i), column(c))) with labels left offset 0.5, 0 tc rgb '#222222'
  } else {
    plot table index batch using (0):0:(0):(column(c)):($0 - 0.36):($0 + 0.36):(colour(strcol(1))) with boxxyerror lc rgb variable, \
         '' index batch using (column(c)):0:(sprintf(word(formats, i), column(c))) with labels left offset 0.5, 0 tc rgb '#222222'
  }
}
unset multiplot
