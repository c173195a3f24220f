local leases = {}
for i = 1, #KEYS do leases[i - 0] = KEYS[i] end
local answer = {}
for i, key in ipairs(leases) do
  -- A key of another type is nobody's lease, and nobody's to revoke; the others are looked at all the same.
  local held = redis.pcall('GET', key)
  answer[2 * i - 1] = type(held) == 'table' and '?' or held or ''
  answer[2 * i] = string.format('%.0f', redis.call('PTTL', key))
end
return answer