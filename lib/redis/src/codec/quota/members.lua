-- The members.

local function record_of(text)
  local words = {}
  for x in string.gmatch(text or '', '%d+') do words[#words + 1] = tonumber(x) end
  if #words < 7 then return nil end
  return {seq = words[1], used = words[2], held = min(words[3], much), expires = words[4], quota = max(1, words[5]),
          logins_since = words[6], background_since = words[7]}
end

-- Forgets overdue members, counting what they held as if it had been sent at the last moment, and computes all sums anew.
-- This is the only loop over all members. It runs only when it is due: at the first expiry, or when a member has left.
local function look_through()
  local all, gone, overdue = redis.call('HGETALL', key), {}, {}
  state.members, state.held, state.quota, state.first, state.check, state.counted = 0, 0, 0, '', now + idle_lease, 0
  for i = 1, #all, 2 do
    local kind, id = string.match(all[i], '^([mu]):(.*)$')
    if kind == 'u' then
      local n = tonumber(id) or 0
      if n < first_block or n > last_block then
        gone[#gone + 1] = all[i]
      else
        if not blocks[n] then keep_block(n, all[i + 1]) end
        state.counted = state.counted + behind(n, edge)
      end
    elseif kind == 'm' then
      local record = record_of(all[i + 1])
      if not record or record.expires <= now then
        gone[#gone + 1] = all[i]
        overdue[#overdue + 1] = record
        if id == me then state['m:' .. me], stored['m:' .. me] = '', '' end
      else
        state.members, state.held = state.members + 1, state.held + record.held
        state.quota = state.members == 1 and record.quota or min(state.quota, record.quota)
        if state.members == 1 or id < state.first then state.first = id end
        state.check = min(state.check, record.expires)
      end
    end
  end
  for i = 1, #overdue do count_use(overdue[i].expires, min(overdue[i].held, overdue[i].quota)) end
  for i = 1, #gone, 1000 do redis.call('HDEL', key, unpack(gone, i, min(i + 999, #gone))) end
end
if now >= state.check or state.members > most_members then look_through() end

local mine = record_of(state['m:' .. me])
if not mine and seq ~= 1 or mine and seq <= mine.seq then
  save_log()
  save()
  return {mine and 'stale' or 'gone', state.epoch, state.rev}
end
if not mine and state.members >= most_members then
  save_log()
  save()
  return {'full', state.epoch, state.rev, 10000}
end
if not mine then
  mine = {used = confirmed, held = 0, quota = quota, logins_since = 0, background_since = 0}
  state.members = state.members + 1
  if state.members == 1 or me < state.first then state.first = me end
end
if mine.quota ~= quota then state.check = 0 end          -- the smallest quota may have been this one
state.quota = (state.members == 1 or state.quota == 0) and quota or min(state.quota, quota)
