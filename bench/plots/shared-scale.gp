# Commands a second at the store against processes, for four quotas, logins everywhere; and what one core of it can do.
#   build/bench/bench/quota/bench_shared_quota --scale --columns build/bench/shared-scale.txt && gnuplot bench/plots/shared-scale.gp
# writes docs/guide/several-machines-scale.svg. `table` and `out`, given by -e, say otherwise.
if (!exists("table")) table = 'build/bench/shared-scale.txt'
if (!exists("out")) out = 'docs/guide'

quotas = '200 6000 60000 600000'
said = "'200' '6,000' '60,000' '600,000'"
colours = '#999999 #009e73 #0072b2 #d55e00'
# A command's time at the store, as bench_shared_quota has it: 0.15 ms, and 0.5 us for each process.
one_core(k) = 1e6 / (150 + 0.5 * k)
titles = "'batches on all' 'logins alone at 0.7 x'"

set terminal svg size 1000, 420 font 'sans-serif,12' background '#ffffff'
set output out . '/several-machines-scale.svg'
set multiplot layout 1, 2
set logscale xy
set xrange [3:1300]
set yrange [1:20000]
set xtics (4, 16, 64, 256, 1000)
set xlabel 'processes'
set ylabel 'commands a second at the store'
set grid lc '#dddddd'
set border 3 lc '#555555'
set tics nomirror
do for [p = 1:2] {
  set title word(titles, p)
  if (p == 1) { set key right bottom Left reverse title 'requests a minute' } else { unset key }
  plot for [i = 1:4] table index sprintf('%s, %s a minute', word(titles, p), word(quotas, i)) using 2:9 \
    with linespoints lw 2 pt (2 * i + 3) lc rgb word(colours, i) title word(said, i), \
    one_core(x) with lines lw 2 dt 2 lc rgb '#222222' title 'what one core can do'
}
unset multiplot
