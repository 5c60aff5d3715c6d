-- One quota that several processes, its members, share exactly. In one command a member reports what it used and holds,
-- and gets permits. A permit is either free, or held by a member, or counted until a window after its use.
--
-- All times are in ms. Only this server's clock is used: members say how long ago something was, never when.
-- Impossible values from a member are cut to values that can't harm the others.
--
-- KEYS[1]  the state: a single hash, so that it is lost as a whole or not at all. Its fields:
--   v epoch      the version, 1, and the state's name: another name means that the state was lost and begun anew
--   rev now      commands so far; the latest time that was seen
--   window       the quota's
--   counted edge uses that are counted; the last cell of the log that has left the window
--   u:<block>    the log: "total cell:count cell:count ..."; a cell is a thousandth of a window, a block 32 of them
--   members held quota first   how many there are, what they hold together, their smallest quota, the first of their names
--   m:<member>   "seq used held expires quota logins_since background_since"; the last two: when it began to wait, or 0
--   check        when to check all members: the first of them may be overdue then
--   logins_line background_line   who waits, in order, in 57 characters each: |name, how many, since, expected until
--   logins_due background_due     when to check which members in the line didn't come at their time
--   unmet        logins that wait
--   pause pause_at probe   until when nothing is sent; when that began; 0, -1 (a probe is due) or until when one is out
--   recover recovered      until when the state may be incomplete; when it may be doubted again
--   pace last    up to when, in us, the background's even flow is given out; when permits were given last
--   logins logins_at       logins sent of late, in millionths, fading; as of then
--   learned learned_rev    the limit that a 429 taught, in thousandths, or 0; how often it was changed
--   keys k:<tag> API keys that were refused: "rev since until try tries"; since 0: it works again
--
-- ARGV   1 member  2 seq  3 epoch seen  4 revision seen  5 a new epoch, should one be needed
--        6 quota  7 window  8 held  9 uses confirmed  10 logins waiting  11 background waiting  12 spare permits wanted
--        13 logins sent since the last report  14 lease, with what a request may take
--        15 flags: c the server has run for longer than a window, f own share was used, b bye, p the probe got through,
--           u the probe was undone, k wants to try a refused key
--        16 a 429's Retry-After, or ''  17 the age of its permit's grant, or ''
--        18 a limit to learn, in thousandths, or ''  19 the learned limit's revision seen
--        20 the API key's tag, or ''  21 '', 'refused', 'minted' or 'undone'  22 the key's revision seen
--        23... age, count of uses that aren't confirmed
-- reply  1 ok, full, lost, gone, stale  2 epoch  3 revision  (full: 4 ask again in)      or: version, window and the state's
--        of ok: 4 members  5 limit  6 counted  7 free  8 logins granted  9 background granted
--        10 ask again in, -1: no need  11 pause left  12 open, pause, recover, probing or probe
--        13 the learned limit's revision  14 1: may let it grow
--        15 1: the key is refused  16 its revision  17 1: may try it  18 refused for  19 ask for a try in
local floor, ceil, min, max = math.floor, math.ceil, math.min, math.max
local find, sub, format = string.find, string.sub, string.format
local key = KEYS[1]

local most_members = 2000     -- even if all of them wait, a call takes well below a millisecond
local most_uses = 4096        -- entries in one report
local grace = 150             -- a member that asks later than that after its time loses its turn
local recovery = 1500         -- enough time for each member to report what it has
local probe_time = 3000       -- after that another probe may go
local longest_pause = 300000
local idle_lease = 30000      -- of a member that holds nothing
local most_keys = 4
