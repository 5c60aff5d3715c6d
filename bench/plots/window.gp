# How much of a token's ten seconds is left when its caller gets it: Ephemint, and the naive client beside it.
#   gnuplot bench/plots/window.gp
# writes docs/benchmarks/window.svg and .png from bench/results/load.
load 'bench/plots/style.gp'

names = 'steady churn slow burst storm mixed'
# A bar is a fifth of a second wide; whatever is dead stands left of 0.
left(from) = from < -0.05 ? -0.4 : floor(from * 5 + 0.01) / 5.0 + 0.1

do for [kind in 'svg png'] {
  eval(terminal_of(kind, 820))
  set output sprintf('%s/window.%s', out, kind)
  set style fill solid 0.6 noborder
  set boxwidth 0.2
  set xrange [-0.8:10.3]
  set xtics ('dead' -0.4, '2 s' 2, '4 s' 4, '6 s' 6, '8 s' 8, '10 s' 10)
  set logscale y
  set yrange [0.01:200]
  set ytics ('0.01 %%' 0.01, '0.1 %%' 0.1, '1 %%' 1, '10 %%' 10, '100 %%' 100)
  set label 1 'min_remaining' at 4.85, graph 0.5 right noenhanced textcolor rgb '#666666'
  set arrow 1 from 5, graph 0 to 5, graph 1 nohead dt 2 lc rgb grey
  set multiplot layout 3,2 title "Seconds left in the token's window at hand-over, as a share of all tokens"
  do for [i = 1:6] {
    name = word(names, i)
    set title name
    set key top center Left reverse samplen 1
    ours = sprintf('%s/%s.window.txt', results, name)
    naive = sprintf('%s/%s-naive.window.txt', results, name)
    has_naive = int(system(sprintf("test -e '%s' && echo 1 || echo 0", naive)))
    if (has_naive) {
      plot ours using (left($1)):4 smooth frequency with boxes lc rgb blue title 'Ephemint', \
           naive using (left($1)):4 smooth frequency with boxes fill empty border rgb orange lc rgb orange lw 2 title 'naive'
    } else {
      plot ours using (left($1)):4 smooth frequency with boxes lc rgb blue title 'Ephemint'
    }
    unset label 1
  }
  unset multiplot
  unset output
}
