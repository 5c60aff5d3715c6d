-- The state isn't the one that the member knew: it was lost, or an older copy was restored.

if seen_epoch ~= '' and (seen_epoch ~= state.epoch or seen_rev > state.rev) then
  if seen_epoch == state.epoch then state.epoch = spare_epoch end
  if state.recover < now then state.recover = now + recovery end
  state.rev = state.rev + 1
  save()
  return {'lost', state.epoch, state.rev}
end
if stepped_back or (fresh and not flag('c')) then state.recover = now + recovery end
if flag('f') and now > state.recovered then state.recover, state.recovered = now + recovery, now + 5000 end
