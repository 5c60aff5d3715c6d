-- What refusals teach: the limit, the pause and its probe, the key.

local learned_most = 1000 * state.quota
if proposal and learned_seen == state.learned_rev then
  local current = state.learned > 0 and state.learned or learned_most
  -- If two members report one refusal the limit is cut once; and only one member tries whether there is more.
  if proposal < current or state.first == me then
    proposal = max(1000, proposal)
    if proposal >= learned_most then proposal = 0 end
    if proposal ~= state.learned then state.learned, state.learned_rev = proposal, state.learned_rev + 1 end
  end
end
local limit = max(1, floor(min(learned_most, state.learned > 0 and state.learned or learned_most) / 1000))

if flag('p') then state.probe = 0 elseif flag('u') and state.probe > 0 then state.probe = -1 end
if retry_after then
  if now - (grant_age or 0) > state.pause_at then
    state.pause, state.pause_at, state.probe = max(state.pause, now + retry_after), now, -1
  elseif now < state.pause or state.probe ~= 0 then      -- an echo of the refusal that began the pause
    state.pause = max(state.pause, now + retry_after)
  end
end

local key_state = {}                                     -- revision, since, until, try, tries
for x in string.gmatch(state['k:' .. tag], '%d+') do key_state[#key_state + 1] = tonumber(x) end
if #key_state ~= 5 then key_state = {0, 0, 0, 0, 0} end
local key_rev, key_since, key_until, key_try, key_tries = unpack(key_state)
key_until, key_try = min(key_until, now + 5000), min(key_try, now + probe_time)
local key_may_try = 0
if tag ~= '' then
  if key_word == 'refused' and key_seen == key_rev then
    key_tries = key_since > 0 and min(key_tries + 1, 99) or 0
    key_since = key_since > 0 and key_since or now
    key_rev, key_until, key_try = key_rev + 1, now + (key_tries < 3 and 1000 or 5000), 0
    if not find(' ' .. state.keys .. ' ', ' ' .. tag .. ' ', 1, true) then
      local tags = {}
      for other in string.gmatch(state.keys, '%S+') do tags[#tags + 1] = other end
      while #tags >= most_keys do redis.call('HDEL', key, 'k:' .. table.remove(tags, 1)) end
      tags[#tags + 1] = tag
      state.keys = table.concat(tags, ' ')
    end
  elseif key_word == 'minted' and key_since > 0 then
    key_rev, key_since, key_until, key_try, key_tries = key_rev + 1, 0, 0, 0, 0
  elseif key_word == 'undone' then
    key_try = 0
  end
  if flag('k') and key_since > 0 and now >= key_until and now >= key_try then
    key_may_try, key_try = 1, now + probe_time
  end
  if key_rev > 0 then
    state['k:' .. tag] = format('%.0f %.0f %.0f %.0f %.0f', key_rev, key_since, key_until, key_try, key_tries)
  end
end
