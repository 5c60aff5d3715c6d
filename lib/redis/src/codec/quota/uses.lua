-- What the member used and holds. A report that is sent twice counts once.

local skip, used = max(0, mine.used - confirmed), mine.used
for i = 1, #uses, 2 do
  local count = uses[i + 1] - min(uses[i + 1], skip)
  skip = skip - (uses[i + 1] - count)
  used = used + count
  count_use(now - uses[i], min(count, quota))            -- not the limit, which may rise while they count
end
held = min(held, quota)                                  -- so that the permits of a lost reply are free again
local others_hold = max(0, state.held - mine.held)
state.logins = state.logins / 1e6 * math.exp(-max(0, now - state.logins_at) / 30000) + logins_sent
state.logins_at = now
state.pace = state.pace / 1000 + logins_sent * 0.97 * window / limit  -- logins are part of the even flow
