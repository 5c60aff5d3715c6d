-- Permits that are granted.

local function free_now() return limit - state.counted - others_hold - held end
local logins_given, background_given, ask, mode = 0, 0, -1, 'open'

local function give()
  local free, gate, apart = free_now(), 0, nil
  local pool, few = free, free > 0 and free < limit / 10
  local reopens = few and state.counted > 0 and now + leaves(1) or now
  -- The background leaves room for the logins that are likely before the next permit is free, or within 150 ms.
  local likely = state.logins / 30000 * max(150, min(reopens - now, window / 12))
  local reserve = likely < 0.02 and 0 or min(likely + 2 * math.sqrt(likely), limit / 2)
  if few and free > ceil(reserve) then
    -- If the window stays shut for long once it is full, its last tenth is spread over that time.
    if reopens - now > window / 12 then
      gate = max(0, ceil(state.last + (reopens - state.last) / (free + 1) - now))
      apart = (reopens - now) / (free + 1)
      pool = gate > 0 and 0 or 1
    end
  end

  if want_logins > 0 then
    if pool > logins_before then
      logins_given = min(want_logins, pool - logins_before, max(1, floor(pool / (logins_waiting + 1))))
      logins_since = now
    else
      ask = apart and ceil(gate + logins_before * apart) or leaves(logins_before - free + 1)
    end
  end
  local rest = free - logins_given - state.unmet
  if want_spare > 0 and rest > 0 and gate == 0 then
    logins_given = logins_given + min(want_spare, floor(rest / (2 * state.members)))
  end

  local every = 0.97 * window / limit                    -- a little faster than the quota, so that only the log limits it
  state.pace = max(state.pace, now - max(1.5 * every, 3 * step + every))
  if want_background > 0 then
    local room = floor(free - logins_given - state.unmet - reserve)
    local there = min(room, floor((now - state.pace) / every))
    local ahead = background_before
    if there > ahead then
      background_given = min(want_background, there - ahead, max(1, floor(there / (background_waiting + 1))))
      state.pace = state.pace + background_given * every
      background_since = now
      ahead = background_waiting                         -- its turn comes after the others'
    end
    if background_given < want_background then
      local next_turn = max(1, ceil(state.pace + every * (ahead + 1) - now))
      local short = ahead + 1 - floor(free - logins_given - background_given - state.unmet - reserve)
      if room - background_given <= ahead then next_turn = max(next_turn, leaves(max(1, short))) end
      next_turn = max(next_turn, ceil(1.5 * step))       -- a batch takes all permits that have fallen due at once
      ask = ask < 0 and next_turn or min(ask, next_turn)
    end
  end
  if logins_given + background_given > 0 then state.last = now end
  if logins_given < want_logins or background_given < want_background then ask = max(ask, step) end
end

local wanted = want_logins + want_background + want_spare
if now < state.pause then
  ask, mode = state.pause - now + 1 + before, 'pause'
elseif now < state.recover then
  ask, mode = min(200 + before, state.recover - now + 1), 'recover'
elseif state.probe > now then
  ask, mode = min(100 + before, state.probe - now + 1), 'probing'
elseif state.probe ~= 0 and want_logins + want_background > 0 and not flag('b') then
  mode, state.probe = 'probe', now + probe_time
  if want_logins > 0 then logins_given = 1 else background_given = 1 end
elseif wanted > 0 and not flag('b') then
  give()
end
