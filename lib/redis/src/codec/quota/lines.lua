-- The waiting lines. A line is sorted by when its members began to wait. A member that stays away when its turn comes
-- leaves the line until it comes again, to its old place.

local width = 57
local function take_me_out(line)
  if #line % width ~= 0 then return '', 0 end
  local at = find(line, format('|%-20s', me), 1, true)
  if not at then return line, 0 end
  return sub(line, 1, at - 1) .. sub(line, at + width), tonumber(sub(line, at + 21, at + 28)) or 0
end
local function expected(line, i) return tonumber(sub(line, i * width + 44, i * width + 57)) or 0 end
local function place_in(line, since)
  local low, high = 0, #line / width
  while low < high do
    local middle = floor((low + high) / 2)
    if (tonumber(sub(line, middle * width + 30, middle * width + 43)) or 0) < since then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end
local function put_me_in(line, want, since, come)
  local at = place_in(line, since) * width
  return sub(line, 1, at) .. format('|%-20s%8.0f%14.0f%14.0f', me, want, since, come) .. sub(line, at + 1)
end
local function drop_absent(line)
  local here, wants, due = {}, 0, now + 120000
  for i = 0, #line / width - 1 do
    local come = expected(line, i)
    if come >= now then
      here[#here + 1] = sub(line, i * width + 1, (i + 1) * width)
      wants, due = wants + (tonumber(sub(here[#here], 22, 29)) or 0), min(due, come + 1)
    end
  end
  return table.concat(here), wants, max(due, now + grace)
end

local own_unmet
state.logins_line, own_unmet = take_me_out(state.logins_line)
state.background_line = take_me_out(state.background_line)
state.unmet = state.logins_line == '' and 0 or max(0, state.unmet - own_unmet)
if state.logins_line ~= '' and now >= state.logins_due then
  state.logins_line, state.unmet, state.logins_due = drop_absent(state.logins_line)
end
if state.background_line ~= '' and now >= state.background_due then
  local _
  state.background_line, _, state.background_due = drop_absent(state.background_line)
end
local logins_since = want_logins > 0 and (mine.logins_since > 0 and mine.logins_since or now) or 0
local background_since = want_background > 0 and (mine.background_since > 0 and mine.background_since or now) or 0
local logins_waiting, background_waiting = #state.logins_line / width, #state.background_line / width
local logins_before = place_in(state.logins_line, logins_since)
local background_before = place_in(state.background_line, background_since)
local before = want_logins > 0 and logins_before or background_before
