local groups = {}
for i = 1, (#KEYS - 0) / 2 do groups[i] = { members = KEYS[1 + 2 * (i - 1)], dead = KEYS[2 + 2 * (i - 1)] } end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end

local function number(said) return type(said) == 'number' and whole(said) or '0' end
local all = {}
for i, group in ipairs(groups) do
  all[i] = {
    number(redis.pcall('ZCOUNT', group.members, whole(now), '+inf')),
    number(redis.pcall('XLEN', group.dead)),
  }
end
return all