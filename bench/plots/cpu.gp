# CPU time a mint of each client, with the spread of its runs: a panel for each number of connections.
#   gnuplot -e "table='bench/results/peers-cpu.txt'; out='docs/benchmarks'" bench/plots/cpu.gp
# writes cpu.svg and cpu.png; `name` stands for another name than cpu, `unit` for what the panels' numbers count.
if (!exists("table")) table = 'bench/results/peers-cpu.txt'
if (!exists("out")) out = 'docs/benchmarks'
if (!exists("name")) name = 'cpu'
if (!exists("unit")) unit = 'connection'

stats table using 3 nooutput
panels = STATS_blocks
stats table index 0 using 3 nooutput
clients = STATS_records
columns = panels > 1 ? 2 : 1
rows = (panels + columns - 1) / columns

ours(client) = client[1:8] eq 'ephemint'
limit(client) = client eq 'wrk' || client[1:6] eq 'h2load'
colour(client) = ours(client) ? 0x0072b2 : limit(client) ? 0x999999 : 0xd55e00
# A connection for each call costs so much more that its bar would hide all others: it goes out of the picture.
shown(client, x) = client eq 'beast-call' ? NaN : x

do for [kind in "svg png"] {
  if (kind eq 'svg') { set terminal svg size 500 * columns, 90 + (60 + 24 * clients) * rows font 'sans-serif,12' background '#ffffff' }
  else { set terminal pngcairo size 500 * columns, 90 + (60 + 24 * clients) * rows font 'sans-serif,10' background '#ffffff' }
  set output sprintf('%s/%s.%s', out, name, kind)
  set multiplot layout rows, columns title "CPU time a mint in µs, start and warm-up left out: median, least and most of the runs\nblue: Ephemint; grey: load generators, which parse and verify nothing; orange: other clients"
  unset key
  set grid x lc '#dddddd'
  set border 3 lc '#555555'
  set tics nomirror
  set style fill solid 0.75 noborder
  set lmargin 15
  set rmargin 3
  do for [i = 0:panels - 1] {
    set autoscale  # `stats` heeds the ranges of the panel before
    stats table index i using 2 nooutput
    connections = STATS_max
    stats table index i using (shown(strcol(1), $5)) nooutput
    most = STATS_max * 1.2
    set xrange [0:most]
    set yrange [clients - 0.4:-0.6]
    set title sprintf('%d %s%s', connections, unit, connections == 1 ? '' : 's')
    plot table index i using (0):0:(0):($3 < most ? $3 : most):($0 - 0.36):($0 + 0.36):(colour(strcol(1))):ytic(1) with boxxyerror lc rgb variable, \
         '' index i using ($5 < most ? $3 : NaN):0:4:5 with xerrorbars lc rgb '#222222' pt 0 lw 1.2, \
         '' index i using ($5 < most ? $5 : NaN):0:(sprintf('%.1f', $3)) with labels left offset 0.5, 0 tc rgb '#222222', \
         '' index i using ($5 < most ? NaN : most):0:(sprintf('%.0f, out of the picture', $3)) with labels right offset -0.5, 0 tc rgb '#ffffff'
  }
  unset multiplot
  unset output
}
