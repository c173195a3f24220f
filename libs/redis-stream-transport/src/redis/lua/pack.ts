/** What a script wants to know of the call of a pack that it is about. */
export const PACK_ARGS = ['size', 'place'] as const;

/** The same, for operations of services. */
export const PLACE_ARGS = [...PACK_ARGS, 'shared'] as const;

/** A call of a pack; undefined where an entry is one call. */
export interface PackPlace {
  /** Calls of the pack. */
  readonly size: number;
  /** From 0. */
  readonly place: number;
  /** It is a pack of events: each group notes for itself which have ended. Default: false. */
  readonly shared?: boolean;
}

/** The arguments of PLACE_ARGS. */
export const placeArgs = (
  pack: PackPlace | undefined,
): { size: number; place: number; shared: boolean } => ({
  ...packArgs(pack),
  shared: pack?.shared ?? false,
});

/** The arguments of PACK_ARGS. */
export const packArgs = (pack: PackPlace | undefined): { size: number; place: number } => ({
  size: pack?.size ?? 0,
  place: pack?.place ?? 0,
});

/**
 * Lua for packs, several calls in one entry. What is known of them stands in the hash `part`, per entry a letter for
 * each call: `.` open, `t` marked before its start, `x` ended; no field: all are open. The field is the id of the entry; of
 * events, which each group handles, it is the id, a space and the group (`note`).
 *
 * `merged(part, id, n, letters)` joins new letters with what is noted, so that an end is never undone, whatever
 * comes late. It tells whether all `n` calls have ended: then nothing is noted any more, and the entry is to go.
 * And it tells whether nothing was noted before and something is now.
 * Where `part` is a key of another type nothing can be noted: only letters that end all calls end the entry.
 * `noteLetters(part, stream, group, note, n, letters)` does the same for an entry that may be gone, of which nothing is noted.
 * `letter(part, id, place)` is that of one call, `only(n, place, what)` a text with one letter in its place.
 */
export const LUA_PACK = `
local function stateOf(part, id, n)
  local known = redis.pcall('HGET', part, id)
  return type(known) == 'string' and #known == n and known or string.rep('.', n)
end
local function over(part, id)
  redis.pcall('HDEL', part, id)
  return true, false
end
local function merged(part, id, n, letters)
  if not string.find(letters, '[^x]') then return over(part, id) end
  local known = stateOf(part, id, n)
  local all, joined = true, {}
  for i = 1, n do
    local a, b = string.sub(known, i, i), string.sub(letters, i, i)
    if a == 'x' or b == 'x' then joined[i] = 'x' else joined[i], all = b == '.' and a or b, false end
  end
  local text = table.concat(joined)
  if all then return over(part, id) end
  return false, text ~= known and redis.pcall('HSET', part, id, text) == 1
end
-- The entry may have ended before, or be lost with the memory of Redis: then nothing would take a new note away. An entry
-- that is not pending is rare, so its data is hardly ever fetched.
local function noteLetters(part, stream, group, note, n, letters)
  local ended, new = merged(part, note, n, letters)
  if new then
    local id = string.match(note, '^%S+')
    local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
    if #pending == 0 and #redis.pcall('XRANGE', stream, id, id) == 0 then redis.pcall('HDEL', part, note) end
  end
  return ended
end
local function only(n, place, what)
  return string.rep('.', place) .. what .. string.rep('.', n - place - 1)
end
local function letter(part, id, n, place)
  return string.sub(stateOf(part, id, n), place + 1, place + 1)
end
`;

/**
 * Lua: `id` names an entry, and where `size` is not 0 the call at `place` of it; `name` names either in notes, and
 * `isOver` says that the call has ended already. `note` is what the letters are noted under. Needs LUA_PACK, `group` and `part`.
 */
export const LUA_PLACE = `
size, place = tonumber(size), tonumber(place)
local name = size > 0 and id .. '#' .. string.format('%.0f', place) or id
local note = shared == '1' and id .. ' ' .. group or id
local isOver = size > 0 and letter(part, note, size, place) == 'x'
`;

/** Lua: `packed(entry)` is how many calls an entry holds as a pack, 0 for none, and whether they are events. */
export const LUA_PACKED = `
local function packed(entry)
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 'c' then
      local n, caller = string.match(entry[2][i + 1], '^1 pack%.%S+ (%d+) (%S+)')
      return math.min(64, tonumber(n) or 0), caller == '-'
    end
  end
  return 0, false
end
`;

/**
 * Lua: `knownOf(entry)` is what is known of a pack: its letters, '' for none, and the note about each call; '' where the
 * entry is no pack. `packed(entry)` as LUA_PACKED has it. Needs LUA_NOTES, `group`, `due` and `part`.
 */
export const LUA_KNOWN = `
${LUA_PACKED}
local function knownOf(entry)
  local n, shared = packed(entry)
  if n == 0 then return '' end
  local known = redis.pcall('HGET', part, shared and entry[1] .. ' ' .. group or entry[1])
  local found = { type(known) == 'string' and known or '' }
  for i = 1, n do found[i + 1] = noted(due, group, entry[1] .. '#' .. string.format('%.0f', i - 1)) end
  return found
end
`;
