#!lua flags=allow-oom
local rights = {}
for i = 1, #ARGV do rights[i - 0] = ARGV[i] end
local missing = {}
for i, right in ipairs(rights) do
  local words = {}
  for word in string.gmatch(right, '%S+') do words[#words + 1] = word end
  -- A server may not know the question, or the command.
  local known, may = pcall(redis.acl_check_cmd, unpack(words))
  if known and not may then missing[#missing + 1] = tostring(i) end
end
return missing