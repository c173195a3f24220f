// Mistakes that the transport does not make. Each is a small change of its text, and must turn a scenario red.
// If the suite stays green, it would not notice this mistake in the transport either.

export interface Patched {
  /** A file of the build. */
  file: string;
  /** The text, what replaces it, and how often it stands there. */
  patches: readonly [string, string, number?][];
}

export interface Mutant extends Patched {
  name: string;
  /** Further files that the mistake changes. */
  also?: readonly Patched[];
  /** The scenario that must turn red. */
  scenario: string;
  /** Rules of which one must be violated. */
  rules: readonly string[];
}

export const mutants: readonly Mutant[] = [
  {
    name: 'no fence: who lost its lease may settle',
    file: 'redis/lua/fence.js',
    patches: [['if held ~= token then return ${fenced} end', '']],
    also: [
      {
        file: 'redis/operations/serving/settle-checked.js',
        patches: [["  if owner then return 'lost' end", '']],
      },
    ],
    scenario: 'S12',
    rules: ['I4'],
  },
  {
    name: 'acknowledged before the handler runs',
    file: 'redis/operations/serving/read.js',
    patches: [
      [
        '    const read = tap?.take(answer) ?? readAnswer(answer);',
        `    const read = tap?.take(answer) ?? readAnswer(answer);
        for (const { stream, entries } of read) {
            if (entries.length > 0) await reader.command('xack', [stream, group, ...entries.map(({ id }) => id)]);
        }`,
      ],
    ],
    scenario: 'S2',
    rules: ['success', 'I2', 'takeOverWithin'],
  },
  {
    name: 'a lost group begins at the end',
    file: 'redis/operations/groups/ensure-group.js',
    patches: [
      [
        "redis.call('XGROUP', 'CREATE', stream, group, start, 'MKSTREAM')",
        "redis.call('XGROUP', 'CREATE', stream, group, '$', 'MKSTREAM')",
      ],
    ],
    scenario: 'S5',
    rules: ['success', 'I6'],
  },
  {
    name: 'what was sent before is stored again',
    file: 'redis/lua/caller-record.js',
    patches: [
      ['    if q <= rq then', '    if q < 0 then'],
      ['if q == rq + 1 then', 'if q <= rq + 1 then'],
    ],
    scenario: 'S8',
    rules: ['I4'],
  },
  {
    name: 'the reply log is not read after a reconnect',
    file: 'engine/producer/caller-shard.js',
    patches: [
      [
        '        this.replyReader.catchUp().catch((error) => {',
        '        Promise.resolve().catch((error) => {',
      ],
    ],
    scenario: 'S6',
    rules: ['p99', 'success'],
  },
  {
    name: 'nobody looks for entries whose delivery was lost',
    file: 'engine/consumer/recovery/auditor.js',
    patches: [['    audit() {', '    audit() {\n        return Promise.resolve();']],
    scenario: 'S8',
    rules: ['success', 'I1', 'I6'],
  },
  {
    // A call that has expired is known by its deadline and by what its caller left for a dead owner: each is
    // enough, so both are taken out.
    name: 'what has expired is run after a take-over',
    file: 'engine/consumer/run/dispatcher.js',
    patches: [['            if (now >= delivery.deadline) {', '            if (false) {']],
    also: [
      {
        file: 'engine/consumer/membership/cancellations.js',
        patches: [['            entries.add(named.entry);', '            continue;']],
      },
    ],
    scenario: 'S2L',
    rules: ['I5'],
  },
  {
    name: 'orphans are not taken over',
    file: 'engine/consumer/recovery/claims.js',
    patches: [
      [
        '    async claim(name, ',
        "    async claim() { return 'done'; }\n    async neverClaim(name, ",
      ],
    ],
    scenario: 'S2',
    rules: ['success', 'takeOverWithin', 'I6'],
  },
  {
    name: 'nobody looks for the connections of those who were killed',
    file: 'engine/consumer/recovery/connection-watch.js',
    patches: [['        this.looks.start();', '']],
    scenario: 'S2',
    rules: ['takeOverWithin'],
  },
  {
    // Rule P2. Each settlement of a part of a pack forgets the parts before, so the pack never ends.
    name: 'what is noted of a pack is overwritten',
    file: 'redis/lua/pack.js',
    patches: [
      ["if a == 'x' or b == 'x' then", "if b == 'x' then"],
      ["all = b == '.' and a or b, false", 'all = b, false'],
    ],
    scenario: 'S2',
    rules: ['I4', 'I6', 'success'],
  },
  {
    // Rule P3. What was not settled yet has no entry any more: nobody takes it over.
    name: 'a pack goes with the first of its calls',
    file: 'redis/operations/serving/settle.js',
    patches: [['#letters, letters) then', '#letters, letters) or true then']],
    scenario: 'S2',
    rules: ['success', 'I4', 'I6', 'takeOverWithin'],
  },
  {
    name: 'connections that are there are not seen: who stands still loses its lease',
    file: 'redis/operations/recovery/open-connections.js',
    patches: [['open.add(id);', 'open.add(own);']],
    scenario: 'S12',
    rules: ['take-over'],
  },
  {
    // Rule L22. Whoever comes while the first call with a key runs, runs too.
    name: 'a key that another call has lets the next one run',
    file: 'redis/operations/serving/claim-keys.js',
    patches: [['if exists(stream, part, by) then', 'if false then']],
    scenario: 'S2K',
    rules: ['I11'],
  },
  {
    name: 'a result is not stored under its key',
    file: 'engine/consumer/run/keyed-results.js',
    patches: [['kind === REPLY.fault ? undefined : recorded.text', 'undefined']],
    scenario: 'S2K',
    rules: ['I11'],
  },
  {
    // Rule L27. The instances say that they have applied it.
    name: 'a pause of a pattern is read and does nothing',
    file: 'engine/consumer/run/pauses.js',
    patches: [
      [
        'this.noted.set(shard, { patterns, own });',
        'this.noted.set(shard, { patterns: [], own });',
      ],
    ],
    scenario: 'S21',
    rules: ['pausesHold'],
  },
  {
    name: 'a sealed message may come in any number of entries',
    file: 'redis/operations/serving/admit.js',
    patches: [["(not known or known == arrival.entry) and '1' or '0'", "'1'"]],
    scenario: 'S19',
    rules: ['I4'],
  },
  {
    name: 'a reply need not be sealed',
    file: 'engine/producer/replies/reply-mux.js',
    patches: [['this.sealed && kind !== REPLY.fault', 'false && kind !== REPLY.fault']],
    scenario: 'S19',
    rules: ['I3'],
  },
  {
    name: 'a stream does not wait for its reader',
    file: 'nest/follow-stream.js',
    patches: [['if (window?.isOpen === false)', 'if (false)']],
    scenario: 'S7',
    rules: ['I3'],
  },
  {
    name: 'what a reader has taken is said once only',
    file: 'engine/producer/replies/credits.js',
    patches: [['run: () => this.sign()', 'run: () => Promise.resolve()']],
    scenario: 'S6',
    rules: ['success', 'I1', 'p99'],
  },
  {
    // Rule L25. The replica that is behind takes over, without what was answered meanwhile.
    name: 'what no replica has counts as stored',
    file: 'redis/replicas/questions.js',
    patches: [["call('WAIT', count, timeout)", "call('ECHO', count)"]],
    scenario: 'S9W',
    rules: ['I4', 'success', 'excused'],
  },
  {
    name: 'what is due later is added at the first look',
    file: 'redis/operations/scheduling/promote.js',
    patches: [["'-inf', whole(now), 'LIMIT', 0, left", "'-inf', '+inf', 'LIMIT', 0, left"]],
    scenario: 'S4',
    rules: ['I10'],
  },
  {
    name: 'what is due later is removed and not added',
    file: 'redis/operations/scheduling/promote.js',
    patches: [["redis.pcall('XADD', each.stream, '*', unpack(fieldsOf(text)))", "'0-0'"]],
    scenario: 'S4',
    rules: ['I10'],
  },
];
