-- Reads the state.

local time = redis.call('TIME')
time = tonumber(time[1]) * 1000 + floor(tonumber(time[2]) / 1000)
local grid = ceil(window / 1000)
local function cell_of(date) return floor(date / grid) + 1 end  -- rounded up: counted a little too long, never too short

local numbers = {'rev', 'now', 'window', 'counted', 'edge', 'members', 'held', 'quota', 'check', 'logins_due',
                 'background_due', 'unmet', 'pause', 'pause_at', 'probe', 'recover', 'recovered', 'pace', 'last', 'logins',
                 'logins_at', 'learned', 'learned_rev'}
local texts = {'v', 'epoch', 'first', 'logins_line', 'background_line', 'keys', 'm:' .. me, 'k:' .. tag}
local usual_block = floor(cell_of(time) / 32)            -- most uses belong to it
local state, stored, usual_text = {}, {}, nil
local function read_state()
  local names = {'u:' .. usual_block, unpack(numbers)}
  for i = 1, #texts do names[#names + 1] = texts[i] end
  local found = redis.call('HMGET', key, unpack(names))
  usual_text = found[1]
  for i = 2, #names do
    local name, value = names[i], found[i]
    if i <= 1 + #numbers then
      value = value and find(value, '^-?%d+$') and tonumber(value) or 0
      value = min(max(value, name == 'probe' and -1 or 0), 9e15)
    end
    state[name], stored[name] = value or '', value or ''
  end
end
read_state()
if state.v ~= '' and state.v ~= '1' then return {'version', tonumber(state.v) or 0} end

local now = max(time, state.now)                         -- if the clock steps back a little, time stands still
local stepped_back = now - time > 2000                   -- if it stepped back far, that would last too long
if stepped_back then
  redis.call('DEL', key)
  read_state()
  now = time
end
local fresh = state.v == ''
if fresh then state.v, state.epoch, state.window = '1', spare_epoch, window end
if state.window ~= window then return {'window', state.window} end
if #state.epoch > 40 or not find(state.epoch, '^[%w_-]+$') then state.epoch = spare_epoch end
state.now = now

-- Even a damaged state doesn't stop all members for long.
for name, most in pairs({pause = longest_pause, recover = recovery, recovered = 5000, probe = probe_time, check = 120000,
                         last = 0, logins_at = 0}) do
  state[name] = min(state[name], now + most)
end
state.pace = min(state.pace, (now + window) * 1000)

local function save()
  local changes = {}
  for name, value in pairs(state) do
    if value ~= stored[name] then
      if type(value) == 'number' then value = format('%.0f', value) end
      changes[#changes + 1], changes[#changes + 2] = name, value
    end
  end
  if #changes > 0 then redis.call('HSET', key, unpack(changes)) end
  redis.call('PEXPIRE', key, 2 * window + 60000)
end
