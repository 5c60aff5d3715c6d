-- The log. A use leaves it a window after it was counted.

local blocks = {}                                        -- the blocks that were read, by number
local function keep_block(n, text)
  blocks[n] = {text = text or '', total = text and tonumber(string.match(text, '^%d+')) or 0}
end
keep_block(usual_block, usual_text)
local function load_blocks(from, to)
  local missing, names = {}, {}
  for n = from, to do
    if not blocks[n] then missing[#missing + 1], names[#names + 1] = n, 'u:' .. n end
  end
  if #missing == 0 then return end
  local found = redis.call('HMGET', key, unpack(names))
  for i = 1, #missing do keep_block(missing[i], found[i]) end
end
local function cells_of(n)
  local block = blocks[n]
  if not block.cells then
    block.cells = {}
    for cell, count in string.gmatch(block.text, '(%d+):(%d+)') do block.cells[tonumber(cell)] = tonumber(count) end
  end
  return block.cells
end
-- How many of the block's uses are in cells after `edge`.
local function behind(n, edge)
  if edge < 32 * n then return blocks[n].total end
  local sum, cells = 0, cells_of(n)
  for i = edge + 1 - 32 * n, 31 do sum = sum + (cells[i] or 0) end
  return sum
end
local function count_use(date, count)
  local cell = cell_of(date)
  if cell <= state.edge or count == 0 then return end
  local n = floor(cell / 32)
  load_blocks(n, n)
  local block, cells, i = blocks[n], cells_of(n), cell % 32
  cells[i] = (cells[i] or 0) + count
  block.total, block.changed = block.total + count, true
  state.counted = state.counted + count
end
local function save_log()
  for n, block in pairs(blocks) do
    if block.changed then
      local words = {format('%.0f', block.total)}
      for i = 0, 31 do
        if block.cells[i] then words[#words + 1] = format('%d:%.0f', i, block.cells[i]) end
      end
      state['u:' .. n] = table.concat(words, ' ')
    end
  end
end

local edge = floor((now - window) / grid)
local last_cell = state.edge + ceil(window / grid) + 2   -- there are none after that, so the loop is bounded
if state.counted > 0 and edge > state.edge then
  local from, to, left = floor((state.edge + 1) / 32), floor(min(edge, last_cell) / 32), {}
  load_blocks(from, to)
  for n = from, to do
    state.counted = state.counted - behind(n, state.edge)
    if edge >= 32 * n + 31 then
      keep_block(n, nil)
      left[#left + 1] = 'u:' .. n
    else
      state.counted = state.counted + behind(n, edge)
    end
  end
  if #left > 0 then redis.call('HDEL', key, unpack(left)) end
end
state.edge, state.counted = edge, max(0, state.counted)

-- In how many ms the k-th use from now on leaves the window.
local step = max(5, min(250, floor(window / 600)))       -- members needn't ask more often
local first_block, last_block = floor((edge + 1) / 32), floor(cell_of(now) / 32)
local function leaves(k)
  if k > state.counted then return min(10000, step * (k - state.counted)) end  -- it is a held permit, not used yet
  local sum = 0
  for n = first_block, last_block do
    load_blocks(n, min(n + 7, last_block))
    local more = behind(n, edge)
    if sum + more >= k then
      local cells = cells_of(n)
      for i = max(0, edge + 1 - 32 * n), 31 do
        sum = sum + (cells[i] or 0)
        if sum >= k then return max(1, (32 * n + i) * grid + window - now) end
      end
    end
    sum = sum + more
  end
  return step
end
