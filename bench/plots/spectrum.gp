# Latency by percentile, from the schedule's moment (corrected) and from the call (uncorrected).
#   gnuplot bench/plots/spectrum.gp
# writes docs/benchmarks/spectrum.svg and .png from bench/results/load.
load 'bench/plots/style.gp'

names = 'steady slow storm sweep-0ms-95'
titles = '"steady: server takes 80 ms" "slow: 80 ± 40 ms, 1 in 100 + 2 s" "storm: 30 s of 429s" "sweep: 95 % of capacity, server 0 ms"'

do for [kind in 'svg png'] {
  eval(terminal_of(kind, 640))
  set output sprintf('%s/spectrum.%s', out, kind)
  set logscale xy
  set xrange [1:20000]
  set xtics ('0' 1, '90 %%' 10, '99 %%' 100, '99.9 %%' 1000, '99.99 %%' 10000)
  set yrange [0.1:30000]
  set ytics ('0.1 ms' 0.1, '1 ms' 1, '10 ms' 10, '100 ms' 100, '1 s' 1000, '10 s' 10000)
  set xlabel 'percentile' offset 0,0.5
  set multiplot layout 2,2 title "From a login to its token: latency by percentile"
  do for [i = 1:4] {
    set title word(titles, i)
    if (i == 1) { set key bottom right reverse Left samplen 2 } else { unset key }
    file(which) = sprintf('%s/%s.%s.hgrm', results, word(names, i), which)
    plot file('corrected') every ::2 using 4:1 with lines lw 4 lc rgb orange title 'from the schedule (corrected)', \
         file('uncorrected') every ::2 using 4:1 with lines lw 2 dt 2 lc rgb blue title 'from the call (uncorrected)'
  }
  unset multiplot
  unset output
}
