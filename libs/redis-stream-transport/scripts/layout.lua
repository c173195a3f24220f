local layout = KEYS[1]
local shards, tags, protocol, notes = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local known = redis.pcall('HMGET', layout, 'shards', 'protocol', 'tags')
-- A key of another type stops nobody: what it replaced is noted again when it is gone.
if known.err then return 'ok' end
local move = ', or move to another prefix as docs/scaling.md says'
if not known[1] then
  local note = { 'shards', shards, 'protocol', protocol }
  if tags ~= '' then note[5], note[6] = 'tags', tags end
  if notes == '1' then redis.pcall('HSET', layout, unpack(note)) end
elseif known[1] ~= shards then
  return redis.error_reply('LAYOUT option "shards" is ' .. shards .. ' here, and ' .. known[1] .. ' in Redis since the first start (' .. layout .. '): set "shards" to ' .. known[1] .. ' here' .. move)
elseif known[2] ~= protocol then
  return redis.error_reply('LAYOUT version ' .. protocol .. ' of the protocol is spoken here, and version ' .. tostring(known[2]) .. ' in Redis (' .. layout .. ')')
elseif (known[3] or '') ~= tags then
  return redis.error_reply('LAYOUT the shards have other names here than in Redis since the first start (' .. layout .. '): use the version of then' .. move)
end
return 'ok'