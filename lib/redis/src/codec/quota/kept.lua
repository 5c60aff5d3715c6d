-- Stores the state.

held = held + logins_given + background_given
local expires, come = now + (held > 0 and lease or idle_lease), now + max(0, ask) + grace
if flag('b') then
  redis.call('HDEL', key, 'm:' .. me)
  state['m:' .. me], stored['m:' .. me] = '', ''
  count_use(now, held)                                   -- in flight at the end, so perhaps used
  held, state.members, state.check = 0, max(0, state.members - 1), 0
else
  if logins_given < want_logins then
    state.logins_due = state.logins_line == '' and come + 1 or min(state.logins_due, come + 1)
    state.logins_line = put_me_in(state.logins_line, want_logins - logins_given, logins_since, come)
    state.unmet = state.unmet + want_logins - logins_given
  end
  if background_given < want_background then
    state.background_due = state.background_line == '' and come + 1 or min(state.background_due, come + 1)
    state.background_line = put_me_in(state.background_line, want_background - background_given, background_since, come)
  end
  state['m:' .. me] = format('%.0f %.0f %.0f %.0f %.0f %.0f %.0f', seq, used, held, expires, quota,
                             logins_given < want_logins and logins_since or 0,
                             background_given < want_background and background_since or 0)
  state.check = min(state.check, expires)
end
state.held, state.rev = others_hold + held, state.rev + 1
state.pace, state.logins = floor(state.pace * 1000 + 0.5), floor(state.logins * 1e6 + 0.5)
save_log()
save()
return {'ok', state.epoch, state.rev, state.members, limit, state.counted, free_now(), logins_given, background_given, ask,
        max(0, state.pause - now), mode, state.learned_rev, state.first == me and 1 or 0, key_since > 0 and 1 or 0, key_rev,
        key_may_try, key_since > 0 and now - key_since or 0,
        key_since > 0 and key_may_try == 0 and max(1, key_until - now, key_try - now) or 0}
