-- The member's report.

local wrong
local function whole(i, most)
  local text = ARGV[i] or ''
  if not find(text, '^%d+$') then wrong = wrong or i end
  return min(tonumber(text) or 0, most)
end
local function maybe(i, most) return ARGV[i] ~= '' and whole(i, most) or nil end
local function name(i, most)
  local text = ARGV[i] or ''
  if #text > most or find(text, '[^%w_-]') then wrong = wrong or i end
  return text
end

local much, endless = 1e9, 1e13
local me, seq, spare_epoch = name(1, 20), whole(2, endless), name(5, 40)
local seen_epoch, seen_rev = name(3, 40), whole(4, endless)
local quota, window, held, confirmed = whole(6, much), whole(7, 6e8), whole(8, much), whole(9, endless)
local want_logins, want_background, want_spare = whole(10, 1e7), whole(11, 1e7), whole(12, 1e7)
local logins_sent, lease, flags = whole(13, much), whole(14, 120000), name(15, 10)
local retry_after, grant_age = maybe(16, longest_pause), maybe(17, endless)
local proposal, learned_seen = maybe(18, 1000 * much), whole(19, endless)
local tag, key_word, key_seen = name(20, 16), name(21, 10), whole(22, endless)
local uses = {}
for i = 23, min(#ARGV, 22 + 2 * most_uses) do uses[i - 22] = whole(i, much) end
if #ARGV - 22 ~= #uses or #uses % 2 ~= 0 then wrong = wrong or #ARGV end
if me == '' then wrong = 1 elseif spare_epoch == '' then wrong = 5 elseif quota * window == 0 then wrong = wrong or 6 end
if wrong then return redis.error_reply('ERR argument ' .. wrong .. " isn't one of this script's") end
local function flag(f) return find(flags, f, 1, true) ~= nil end
