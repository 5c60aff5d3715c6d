# p50 and p99 against load, for servers that take 0, 20 and 80 ms.
#   gnuplot bench/plots/load.gp
# writes docs/benchmarks/load.svg and .png from bench/results/load/sweep.txt.
load 'bench/plots/style.gp'

table = results . '/sweep.txt'
delays = '0 20 80'
colours = blue . ' ' . orange . ' ' . green
load_at(i) = column(1) == real(word(delays, i)) ? column(2) : NaN

do for [kind in 'svg png'] {
  eval(terminal_of(kind, 460))
  set output sprintf('%s/load.%s', out, kind)
  set title 'Latency from the scheduled start, less what the server takes'
  set xlabel 'load, in % of what a closed loop reaches'
  set ylabel 'added latency'
  set logscale y
  set ytics ('0.1 ms' 0.1, '0.2 ms' 0.2, '0.5 ms' 0.5, '1 ms' 1, '2 ms' 2, '5 ms' 5, '10 ms' 10, '20 ms' 20, '50 ms' 50, '100 ms' 100, '200 ms' 200, '500 ms' 500, '1 s' 1000)
  set xrange [0:100]
  set xtics (10, 50, 80, 95)
  set key outside right top Left reverse samplen 3 title 'server takes'
  plot for [i = 1:3] table using (load_at(i)):($7 - $1) with linespoints lw 3 pt (2 * i + 3) ps 1.2 lc rgb word(colours, i) \
         title sprintf('%s ms: p99', word(delays, i)), \
       for [i = 1:3] table using (load_at(i)):($5 - $1) with linespoints lw 2 dt 3 pt (2 * i + 2) ps 1 lc rgb word(colours, i) \
         title sprintf('%s ms: p50', word(delays, i))
  unset output
}
