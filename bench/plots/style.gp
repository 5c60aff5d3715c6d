# What the pictures of docs/benchmarks.md share: readable at a page's width, in print, and by the colour-blind
# (Okabe and Ito's palette; lines differ in more than colour).
if (!exists("results")) results = 'bench/results/load'
if (!exists("out")) out = 'docs/benchmarks'
blue = '#0072b2'
orange = '#d55e00'
green = '#009e73'
grey = '#999999'

# `set terminal` for one of the two, at that height.
terminal_of(kind, height) = kind eq 'svg' \
  ? sprintf("set terminal svg size 900,%d font 'sans-serif,13' background '#ffffff'", height) \
  : sprintf("set terminal pngcairo size 1800,%d font 'DejaVu Sans,22' background '#ffffff' linewidth 2", 2 * height)

set grid lc '#dddddd' lw 1
set tics nomirror
set border 3
