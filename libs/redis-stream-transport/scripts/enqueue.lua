local record, incarnation, log = KEYS[1], KEYS[2], KEYS[3]
local epoch, number, version, meant, stamp, maxAge, life, cap, trim, sections = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end



-- Anybody may have written into the record: what is no number of ours is missing.
local function place(text)
  return text and #text < 16 and string.match(text, '^%d+$') and tonumber(text) or -1
end

local function judge()
  local e, q = tonumber(epoch), tonumber(number)
  local rec = redis.pcall('HMGET', record, 'e', 'q')
  -- A key of another type is no record.
  if rec.err then
    if not string.find(rec.err, 'WRONGTYPE', 1, true) then return rec end
    redis.call('DEL', record)
    rec = {}
  end
  local re, rq = place(rec[1]), place(rec[2])
  if rq < 0 then re = -1 end
  if re == e then
    if q <= rq then
      local kept = redis.call('HGET', record, 'v' .. (q % 8))
      local mark = number .. ' '
      if kept and string.sub(kept, 1, #mark) == mark then
        return 'done ' .. whole(now) .. ' ' .. string.sub(kept, #mark + 1)
      end
      return 'done ' .. whole(now) .. ' ?'
    end
    if q == rq + 1 then return nil end
    return 'gap ' .. whole(now) .. ' ' .. whole(re) .. ' ' .. whole(rq)
  end
  if re > e then return 'old ' .. whole(now) .. ' ' .. whole(re) .. ' ' .. whole(rq) end
  if q ~= 1 then return 'gap ' .. whole(now) .. ' ' .. whole(re) .. ' ' .. whole(rq) end
  local id = redis.call('HGET', incarnation, 'id')
  if id ~= meant then return 'inc ' .. whole(now) .. ' ' .. (id or '-') end
  return nil
end
local function remember(verdict)
  local field = 'v' .. (tonumber(number) % 8)
  redis.call('HSET', record, 'e', epoch, 'q', number, field, number .. ' ' .. verdict)
end


if now - tonumber(stamp) > tonumber(maxAge) then return 'stale ' .. whole(now) end

local answer = judge()
if answer then return answer end
cap = tonumber(cap)


-- What no live group has finished: handled events above the trim line do not count.
local function backlog(stream, len)
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err or #groups == 0 then return len end
  local worst = 0
  for _, g in ipairs(groups) do
    local pending, lag = 0, nil
    for f = 1, #g, 2 do
      if g[f] == 'pending' then pending = g[f + 1] elseif g[f] == 'lag' then lag = g[f + 1] end
    end
    if not lag then return len end
    if pending + lag > worst then worst = pending + lag end
  end
  return worst
end


local function error_of(answer)
  local text = string.sub(answer.err or '', 1, 120)
  return '!E' .. (string.gsub(text, '%W', function(c) return string.format('%%%02X', string.byte(c)) end))
end

local tokens, told, at, key, pcall, isRead, scheduled, becomeKnown, heardBy = {}, 0, 11, 4, redis.pcall
for s = 1, tonumber(sections) do
  -- What is asked for once in a while stands after the mode. Most sections are unmeasured and ask for nothing.
  local mode, wide, rule, streams = ARGV[at], ARGV[at + 1]
  if #mode > 1 and mode ~= '0r' then
    rule = string.match(mode, '[ce]', 2)
    -- It is no key of the script: who may not read it stores all the same.
    streams = string.find(mode, 'n', 2, true) and string.sub(incarnation, 1, -12) .. 'streams'
  end
  if rule and not isRead then
    
local lists = {}
local function listed(stream, group)
  local name = stream .. ' ' .. group
  if not lists[name] then
    local list, all = redis.pcall('XINFO', 'CONSUMERS', stream, group), {}
    for _, each in ipairs(list.err and {} or list) do all[each[2]] = true end
    lists[name] = all
  end
  return lists[name]
end
local function reads(stream, group, consumer) return listed(stream, group)[consumer] end
local function lives(own, group, consumer)
  local members = (string.match(own, '^({.-}):s:') or own) .. ':members:' .. group
  local living = redis.pcall('ZRANGEBYSCORE', members, whole(now), '+inf')
  for _, each in ipairs(living.err and { consumer } or living) do
    if each == consumer then return true end
  end
  return false
end
local function readsOwnOnly(class, own, group, consumer)
  return not reads(class, group, consumer) and reads(own, group, consumer) and lives(own, group, consumer)
end
local areWildcards, marks
local function isAwaited(streams, own, here)
  if areWildcards == nil then areWildcards = redis.pcall('EXISTS', streams) ~= 0 end
  if not areWildcards then return false end
  local name = string.sub(own, #streams - 4)
  local since = redis.pcall('ZSCORE', streams, 's' .. name) or 'inf'
  if type(since) ~= 'string' then return true end
  if not marks then
    local looked = string.sub(streams, 1, -8) .. 'looked'
    marks = redis.pcall('ZRANGEBYSCORE', looked, '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, 1000)
  end
  if marks.err then return true end
  since = tonumber(since) or math.huge
  for i = 1, #marks, 2 do
    if tonumber(marks[i + 1]) > since then return false end
    local group, start = string.match(marks[i], '^(%S+) ([^*?%[\\]*)')
    if group and not here[group] and string.sub(name, 1, #start) == start then return true end
  end
  return #marks == 2000
end
function isRead(rule, class, own, live, streams)
  local any = false
  if rule == 'c' then
    local members = redis.pcall('ZRANGEBYSCORE', live, whole(now), '+inf')
    for _, member in ipairs(members.err and {} or members) do
      local group, consumer = string.match(member, '^(%S+) (%S+)')
      if not group then return false end
      if readsOwnOnly(class, own, group, consumer) then return false end
      any = any or reads(class, group, consumer)
    end
    return any
  end
  local groups, here = redis.pcall('XINFO', 'GROUPS', own), {}
  for _, each in ipairs(groups.err and {} or groups) do
    local group, isHere = each[2], false
    here[group] = true
    for consumer in pairs(listed(own, group)) do
      if readsOwnOnly(class, own, group, consumer) then return false end
      isHere = isHere or reads(class, group, consumer)
    end
    if not isHere then return false end
    any = true
  end
  return any and not (streams and isAwaited(streams, own, here))
end

  end
  if streams and not becomeKnown then
    
local watch
function becomeKnown(streams, stream)
  if watch == nil then
    watch = redis.pcall('EXISTS', streams) == 1
    if not watch then
      local born = tonumber(redis.pcall('HGET', incarnation, 'born') or 0) or 0
      watch = now - born < 600000 and 'young'
    end
  end
  if not watch then return end
  local name = string.sub(stream, #streams - 4)
  if redis.pcall('ZADD', streams, 'NX', whole(now), 's' .. name) ~= 1 then return end
  if watch == 'young' then redis.pcall('PEXPIRE', streams, 600000) end
  watch = true
  redis.pcall('SPUBLISH', streams, name)
end

  end
  if wide == '2' or wide == '3' then
    local last = key + tonumber(ARGV[at + 2]) - 1
    at = at + 3
    for k = key, last do
      local id
      if wide == '2' then
        id = pcall('XADD', KEYS[k], '*', 'c', ARGV[at], 'd', ARGV[at + 1])
        at = at + 2
      else
        local to = at + tonumber(ARGV[at])
        id = pcall('XADD', KEYS[k], '*', unpack(ARGV, at + 1, to))
        at = to + 1
      end
      told = told + 1
      tokens[told] = type(id) == 'string' and id .. ':1' or '-:0' .. error_of(id)
    end
    key = last + 1
  elseif wide == '4' then
    if not scheduled then
      
function scheduled(later, when, stream, sent, id, at, window, from, to)
  -- Milliseconds: since 1970, or from now with a + before them.
  local due = now
  if at ~= '' then due = string.sub(at, 1, 1) == '+' and now + tonumber(at) or tonumber(at) end
  local token = whole(due) .. '-0:1'
  if window ~= '0' then
    local life = whole(math.max(0, due - now) + window)
    local isNew = redis.pcall('SET', sent, id, 'PX', life, 'NX')
    if not isNew then return token end
    if isNew.err then return '-:0' .. error_of(isNew) end
  end
  local function refused(why)
    if window ~= '0' then redis.call('DEL', sent) end
    return '-:0' .. why
  end
  if at == '' then
    local size = redis.pcall('XLEN', stream)
    if type(size) == 'table' then return refused(error_of(size)) end
    if size >= cap and backlog(stream, size) >= cap then return refused('!FULL') end
    local entry = redis.pcall('XADD', stream, '*', unpack(ARGV, from, to))
    if type(entry) == 'table' then return refused(error_of(entry)) end
    return entry .. ':1'
  end
  local known = redis.pcall('HGET', later, id)
  if type(known) == 'table' then return refused(error_of(known)) end
  if not known then
    local size = redis.pcall('ZCOUNT', when, '-inf', '+inf')
    if type(size) == 'table' then return refused(error_of(size)) end
    if size >= cap then return refused('!FULL') end
    local stored = redis.pcall('HSET', later, id, cjson.encode({ unpack(ARGV, from, to) }))
    if type(stored) == 'table' then return refused(error_of(stored)) end
  end
  local noted = redis.pcall('ZADD', when, 'NX', whole(due), id)
  if type(noted) == 'table' then
    if not known then redis.call('HDEL', later, id) end
    return refused(error_of(noted))
  end
  if redis.call('ZRANGEBYSCORE', when, '-inf', '+inf', 'LIMIT', 0, 1)[1] == id then
    local tag, name = string.match(stream, '^({.-}):s:(.*)$')
    local groups, told = redis.pcall('XINFO', 'GROUPS', stream), {}
    for _, g in ipairs(groups.err and {} or groups) do
      -- Groups of broadcasts belong to the group before the brace.
      local group = string.match(g[2], '^[^{]+')
      if group and not told[group] then
        told[group] = true
        redis.pcall('SPUBLISH', tag .. ':nudge:' .. group, 'due ' .. whole(due) .. ' ' .. name)
      end
    end
  end
  return token
end

    end
    local strings, sent, where = tonumber(ARGV[at + 3]), KEYS[key + 3], ''
    local own, last = KEYS[key + 2], key + 3
    if rule then
      last = key + 7
      if isRead(rule, KEYS[last], own, KEYS[key + 4], streams) then key = key + 5 else where = '~' end
    end
    if streams then becomeKnown(streams, own) end
    told = told + 1
    tokens[told] = where .. scheduled(KEYS[key], KEYS[key + 1], KEYS[key + 2], sent,
      ARGV[at + 4], ARGV[at + 5], ARGV[at + 6], at + 7, at + 3 + strings)
    key, at = last + 1, at + 4 + strings
  else
    local own, live = KEYS[key], KEYS[key + 1]
    local stream = own
    key, told = key + 2, told + 1
    local asks, asksHeard, measures, where = false, false, true, ''
    if mode == '0r' then
      mode, measures = '0', false
    elseif #mode > 1 then
      asks, measures = string.find(mode, 'p', 2, true), not string.find(mode, 'r', 2, true)
      asksHeard = string.find(mode, 'q', 2, true)
      if rule then
        if isRead(rule, KEYS[key], own, live, streams) then stream = KEYS[key] else where = '~' end
        key = key + 1
      end
      mode = string.sub(mode, 1, 1)
    end
    local n, header = tonumber(ARGV[at + 2])
    at = at + 3
    if wide == '5' then header, at = ARGV[at], at + 1 end
    local refused, room = '', n
    if mode == '1' then
      local count = redis.pcall('ZCOUNT', live, whole(now), '+inf')
      if type(count) == 'table' then refused = error_of(count) elseif count == 0 then refused = '!NONE' end
    elseif mode == '2' then
      if redis.pcall('EXISTS', live) == 0 then refused = '!NEVER' end
    end
    local filling = ''
    if refused ~= '' then
      room = 0
    elseif measures then
      local len = redis.pcall('XLEN', stream)
      if type(len) == 'table' then
        room, refused = 0, error_of(len)
      elseif 10 * (len + n) > cap then
        filling = '^'
        if len + n > cap then
          len = backlog(stream, len)
          if len + n > cap then room, refused = math.max(0, cap - len), '!FULL' end
        end
      end
    end
    local first, added = '-', 0
    -- Redis 7.0 lets its clock run on inside a script, so the ids after the first keep its time.
    local nextId = '*'
    for i = 1, n do
      local id
      if header then
        if i <= room then id = pcall('XADD', stream, nextId, 'c', header, 'd', ARGV[at]) end
        at = at + 1
      elseif wide == '0' then
        if i <= room then id = pcall('XADD', stream, nextId, 'c', ARGV[at], 'd', ARGV[at + 1]) end
        at = at + 2
      else
        local strings = tonumber(ARGV[at])
        if i <= room then id = pcall('XADD', stream, nextId, unpack(ARGV, at + 1, at + strings)) end
        at = at + 1 + strings
      end
      if i <= room then
        if type(id) == 'table' then
          room, refused = 0, error_of(id)
        else
          if added == 0 then
            first = id
            if n > 1 then nextId = string.match(id, '^%d+%-') .. '*' end
          end
          added = added + 1
        end
      end
    end
    if streams and added > 0 then becomeKnown(streams, own) end
    local takers = ''
    if asksHeard then
      if not heardBy then
        
function heardBy(own)
  local tag, name = string.match(own, '^({.-}):s:(.*)$')
  local announced = tag and redis.pcall('ZRANGEBYSCORE', tag .. ':hears:' .. name, whole(now), '+inf')
  local groups = redis.pcall('XINFO', 'GROUPS', own)
  local known = tag and redis.pcall('HGETALL', tag .. ':groups:' .. name)
  if not tag or announced.err or groups.err or known.err then return 0 end
  local takes, here, most = {}, {}, 0
  for _, member in ipairs(announced) do
    local instance, flag = string.match(member, '^(%S+ %S+) (%S+)$')
    if instance then takes[instance] = flag == 'packs' end
  end
  local function mayLive(group, consumer)
    local till = redis.pcall('ZSCORE', tag .. ':members:' .. group, consumer)
    return till and (till.err or now <= tonumber(till))
  end
  for _, each in ipairs(groups) do
    local group, takers = each[2], 0
    local service = string.match(group, '^([^{]+){') or group
    local consumers = redis.pcall('XINFO', 'CONSUMERS', own, group)
    if consumers.err then return 0 end
    here[group] = true
    for _, listed in ipairs(consumers) do
      if takes[service .. ' ' .. listed[2]] then
        takers = takers + 1
      elseif mayLive(service, listed[2]) then
        return 0
      end
    end
    if takers == 0 and service == group then return 0 end
    most = math.max(most, takers)
  end
  for i = 1, #known, 2 do
    if string.match(known[i + 1], '^%d+ %l ') and not here[known[i]] then return 0 end
  end
  return most
end

      end
      takers = '*' .. heardBy(own)
    end
    if asks then
      local members = redis.pcall('ZRANGEBYSCORE', live, whole(now), '+inf')
      local spread
      if not members.err then takers = #members end
      for _, member in ipairs(members.err and {} or members) do
        -- One that takes none is enough, and so is one that reads one stream only.
        if not string.match(member, '^%S+ %S+ packs') then takers = 0 end
        local streams = tonumber(string.match(member, '^%S+ %S+ .-spread=(%d+)') or 1)
        spread = math.min(spread or streams, streams)
      end
      if takers ~= '' then takers = '*' .. takers end
      if spread and spread > 1 then takers = takers .. '/' .. whole(spread) end
    end
    tokens[told] = where .. first .. ':' .. added .. filling .. takers .. refused
  end
end
local verdict = version .. ' ' .. table.concat(tokens, ' ')
-- Memory that is full refuses the first write of a script and no later one: either the first XADD, and
-- then this as well, or nothing.
remember(verdict)
if life ~= '' then redis.call('PEXPIRE', record, life) end
if trim ~= '' then redis.pcall('XTRIM', log, 'MINID', trim) end
return 'ok ' .. whole(now) .. ' ' .. verdict