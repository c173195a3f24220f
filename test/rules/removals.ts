/** A part of a rule taken out of the sources, to see that its test notices. */
export interface Removal {
  readonly rule: string;
  /** The part, in the words of the last column of docs/rules.md. */
  readonly part: string;
  /** Under the library's sources. */
  readonly file: string;
  /** Texts that stand in the file exactly once, and what stands in their place. */
  readonly changes: readonly (readonly [from: string, to: string])[];
}

const operation = (name: string): string => `redis/operations/${name}.ts`;
const lua = (name: string): string => `redis/lua/${name}.ts`;
const consumer = (name: string): string => `engine/consumer/${name}.ts`;
const producer = (name: string): string => `engine/producer/${name}.ts`;

/** One for each row of docs/rules.md, in its order. */
export const REMOVALS: readonly Removal[] = [
  {
    rule: 'L1',
    part: 'the check for number 1',
    file: lua('caller-record'),
    changes: [["if q ~= 1 then return 'gap '", "if false then return 'gap '"]],
  },
  {
    rule: 'L1',
    part: 'the number before',
    file: lua('caller-record'),
    changes: [['if rec[1] ~= epoch or rec[2] ~= before then', 'if rec.err then']],
  },
  {
    rule: 'L1',
    part: 'the proof',
    file: producer('sending/writer'),
    changes: [
      [
        'if (this.acked > 0 && (answer.epoch !== this.epoch || answer.number < this.acked)) {',
        'if (this.acked < 0) {',
      ],
    ],
  },
  {
    rule: 'L2',
    part: 'the look at the record',
    file: lua('caller-record'),
    changes: [
      ['    if q <= rq then', '    if false then'],
      ['if q == rq + 1 then return nil end', 'if q <= rq + 1 then return nil end'],
    ],
  },
  {
    rule: 'L2',
    part: 'the verdict',
    file: operation('calling/enqueue-one'),
    changes: [[", field, number .. ' 0 ' .. token)", ')']],
  },
  {
    rule: 'L2',
    part: 'the version',
    file: producer('sending/batch'),
    changes: [['this.versions[answer.version]', 'this.versions.at(-1)']],
  },
  {
    rule: 'L3',
    part: 'the age',
    file: lua('caller-record'),
    changes: [
      ["if now - tonumber(stamp) > tonumber(maxAge) then return 'stale ' .. whole(now) end", ''],
    ],
  },
  {
    rule: 'L3',
    part: 'giving up',
    file: producer('sending/writer'),
    changes: [['    this.giveUpOld();', '']],
  },
  {
    rule: 'L4',
    part: 'waiting for the repeat',
    file: producer('sending/writer'),
    changes: [[' && !this.repeats.areDue', '']],
  },
  {
    rule: 'L7',
    part: 'the look at `last-delivered-id`',
    file: operation('calling/decide'),
    changes: [["if not before(field(g, 'last-delivered-id'), entry) then", 'if false then']],
  },
  {
    rule: 'L7',
    part: 'the new incarnation',
    file: operation('groups/ensure-group'),
    changes: [["  redis.call('HSET', incarnation, 'id', fresh)", '']],
  },
  {
    rule: 'L7',
    part: 'the look at the registry',
    file: operation('calling/decide'),
    changes: [['delivered or lost(call.groups, present, entry)', 'delivered']],
  },
  {
    rule: 'L7',
    part: 'the mark of carried-over calls',
    file: producer('call'),
    changes: [
      ['    this.tainted = true;\n    this.first = undefined;', '    this.first = undefined;'],
    ],
  },
  {
    rule: 'L8',
    part: 'the second strike',
    file: consumer('recovery/failure-detector'),
    changes: [['return now - first.at >= apart;', 'return true;']],
  },
  {
    rule: 'L8',
    part: 'the look at the tombstone',
    file: operation('recovery/claim'),
    changes: [["if redis.call('GET', revoked) ~= '${TOMBSTONE}' then return { 'alive' } end", '']],
  },
  {
    rule: 'L8',
    part: 'the note of leaving',
    file: operation('recovery/claim'),
    changes: [["local left = redis.call('EXISTS', gone)", 'local left = 0']],
  },
  {
    rule: 'L9',
    part: 'the age of the lease',
    file: consumer('membership/identity'),
    changes: [
      ['return this.clock.now() < this.startsUntil;', 'return this.startsUntil > -Infinity;'],
    ],
  },
  {
    rule: 'L9',
    part: 'the hour',
    file: consumer('membership/lease-keeper'),
    changes: [['if (!take && identity.unconfirmed > TOO_OLD) {', 'if (take && !take) {']],
  },
  {
    rule: 'L9',
    part: 'asking before a start',
    file: consumer('run/dispatcher'),
    changes: [['      this.hooks.mayStart(delivery)\n    );', '      true\n    );']],
  },
  {
    rule: 'L9',
    part: 'the look after the answer',
    file: consumer('run/start-guard'),
    changes: [
      ['if (this.context.identity.mayStart) return true;', 'if (this.context) return true;'],
    ],
  },
  {
    rule: 'L9',
    part: 'the loss',
    file: consumer('membership/identity'),
    changes: [['Math.min(this.startsUntil, this.clock.now() + ms)', 'this.startsUntil']],
  },
  {
    rule: 'L10',
    part: 'waiting for the read',
    file: consumer('recovery/auditor'),
    changes: [['    await this.of.reader.settled();', '']],
  },
  {
    rule: 'L10',
    part: 'the search',
    file: consumer('recovery/auditor'),
    changes: [['if (unknown.length > 0) missing.push({ stream, ids: unknown });', '']],
  },
  {
    rule: 'L11',
    part: 'the owner',
    file: operation('serving/settle-checked'),
    changes: [["  if owner then return 'lost' end", '']],
  },
  {
    rule: 'L12',
    part: 'the bound of streams',
    file: consumer('intake/read-plan'),
    changes: [['if (streams.length <= most) return', 'if (streams.length > 0) return']],
  },
  {
    rule: 'L12',
    part: 'the parts',
    file: consumer('intake/equal-plan'),
    changes: [['Math.floor(wanted / this.active)', 'wanted']],
  },
  {
    rule: 'L12',
    part: "the patterns' own bounds",
    file: consumer('intake/stream-state'),
    changes: [['least > 0 ? least', 'least > 0 ? free']],
  },
  {
    rule: 'L13',
    part: 'the protected call',
    file: lua('answer'),
    changes: [
      [
        "local id = redis.pcall('XADD', log, 'NOMKSTREAM', '*', 'f', frame)",
        "local id = redis.call('XADD', log, 'NOMKSTREAM', '*', 'f', frame)",
      ],
    ],
  },
  {
    rule: 'L13',
    part: 'the check of the id',
    file: 'protocol/header.ts',
    changes: [["if (!isCallerId(caller)) return 'bad caller id';", '']],
  },
  {
    rule: 'L14',
    part: 'the interruption',
    file: producer('replies/reply-mux'),
    changes: [['if (deliveries >= run.deliveries) this.interrupted(call);', '']],
  },
  {
    rule: 'L15',
    part: 'reading the log',
    file: producer('replies/reply-reader'),
    changes: [
      ['this.catching = this.readMissed().finally(', 'this.catching = Promise.resolve().finally('],
    ],
  },
  {
    rule: 'L16',
    part: 'the look for unread frames',
    file: producer('outcome/lost-entry-probe'),
    changes: [['if (this.replies.isLagging(answer.lastFrame)) return;', '']],
  },
  {
    rule: 'L16',
    part: 'the look at `once`',
    file: producer('outcome/lost-entry-probe'),
    changes: [
      ["const mayRepeat = !call.request.once && fate !== 'once';", 'const mayRepeat = true;'],
    ],
  },
  {
    rule: 'L16',
    part: 'the proof',
    file: producer('outcome/lost-entry-probe'),
    changes: [['if (this.isProven(call, answer) && mayRepeat', 'if (mayRepeat']],
  },
  {
    rule: 'L16',
    part: 'the look for ignored frames',
    file: producer('outcome/lost-entry-probe'),
    changes: [['this.replies.mayHaveMissed(call.startedAt) || ', '']],
  },
  {
    rule: 'L17',
    part: 'the note',
    file: lua('notes'),
    changes: [["type(note) == 'string' and note or ''", "''"]],
  },
  {
    rule: 'L18',
    part: 'the acknowledgement',
    file: operation('serving/start'),
    changes: [["      redis.call('XACK', stream, group, id)", '']],
  },
  {
    rule: 'L18',
    part: 'the look at what is started',
    file: lua('orphaned'),
    changes: [[" or redis.pcall('HEXISTS', started, group .. ' ' .. id) ~= 0", '']],
  },
  {
    rule: 'L19',
    part: 'the beginning',
    file: operation('groups/ensure-group'),
    changes: [["local start, since = '0',", "local start, since = '$',"]],
  },
  {
    rule: 'L19',
    part: 'the look at other groups',
    file: operation('serving/no-handler'),
    changes: [['elseif other ~= group then', 'elseif false then']],
  },
  {
    rule: 'L19',
    part: 'the kind of the group',
    file: operation('serving/no-handler'),
    changes: [['if answers and not elsewhere then', 'if not elsewhere then']],
  },
  {
    rule: 'L20',
    part: 'the cursor',
    file: operation('groups/ensure-group'),
    changes: [['    start = cursor', '']],
  },
  {
    rule: 'L20',
    part: 'the half minute',
    file: consumer('recovery/orphaned-requests'),
    changes: [
      ['if (first !== undefined && now - first >= APART)', 'if (first !== undefined || now)'],
    ],
  },
  {
    rule: 'L21',
    part: 'the 15 s',
    file: producer('sending/unserved'),
    changes: [['const AMNESIA = 15_000;', 'const AMNESIA = 0;']],
  },
  {
    rule: 'L22',
    part: 'the look at the entry',
    file: operation('serving/claim-keys'),
    changes: [['if exists(stream, part, by) then', 'if true then']],
  },
  {
    rule: 'L22',
    part: 'the look at the call of a pack',
    file: operation('serving/claim-keys'),
    changes: [["string.sub(letters, place + 1, place + 1) ~= 'x'", 'true']],
  },
  {
    rule: 'L22',
    part: 'the place of a call',
    file: consumer('run/start-guard'),
    changes: [['name: delivery.name,', 'name: delivery.id,']],
  },
  {
    rule: 'L22',
    part: 'the look at the kind',
    file: consumer('run/keyed-results'),
    changes: [['kind === REPLY.fault ? undefined : recorded.text', 'recorded.text']],
  },
  {
    rule: 'L23',
    part: 'the grace',
    file: consumer('recovery/connection-watch'),
    changes: [['missing(keyOf(one), now, one.grace)', 'missing(keyOf(one), now, 0)']],
  },
  {
    rule: 'L23',
    part: 'the strikes of others',
    file: consumer('recovery/connection-watch'),
    changes: [['lost.filter((one) => !struck.includes(one))', '(struck.length > 0 ? [] : lost)']],
  },
  {
    rule: 'L23',
    part: 'the look at each',
    file: consumer('recovery/connection-watch'),
    changes: [['!other.ids.some((id) => open.has(id))', '!other.ids.every((id) => open.has(id))']],
  },
  {
    rule: 'L23',
    part: 'the time of a look',
    file: consumer('recovery/connection-watch'),
    changes: [[' || now - sentAt > PROMPT', '']],
  },
  {
    rule: 'L23',
    part: 'the note itself',
    file: operation('lease/revoke'),
    changes: [["return redis.pcall('HGET', sockets, dead) == note and ", 'return ']],
  },
  {
    rule: 'L23',
    part: 'the life of the server',
    file: operation('recovery/noted-connections'),
    changes: [['elseif of == run then', 'else']],
  },
  {
    rule: 'L23',
    part: 'the looks of others',
    file: operation('recovery/noted-connections'),
    changes: [["if urgent == '0' then redis.call('HSET'", "if true then redis.call('HSET'"]],
  },
  {
    rule: 'L23',
    part: 'the second note',
    file: consumer('membership/lease-keeper'),
    changes: [['while (this.isKept && noted !== this.connectionIds)', 'while (false)']],
  },
  {
    rule: 'L23',
    part: 'the note by the new connection',
    file: consumer('shard-connections'),
    changes: [['notes ? hooks.restored(connection) : undefined', 'undefined']],
  },
  {
    rule: 'L24',
    part: 'the read of all',
    file: consumer('intake/due-streams'),
    changes: [['if (this.clock.now() - this.sweptAt >= SWEEP) this.all();', '']],
  },
  {
    rule: 'L24',
    part: 'asking before the read',
    file: consumer('intake/reader'),
    changes: [
      ['if (ask.ofDue) this.due.asked(ask.streams);', ''],
      [
        'this.pace.ended(read, ask, this.byKey);',
        'this.pace.ended(read, ask, this.byKey); if (ask.ofDue) this.due.asked(ask.streams);',
      ],
    ],
  },
  {
    rule: 'L24',
    part: 'the proof',
    file: consumer('intake/due-streams'),
    changes: [['if (!this.hears) return undefined;', '']],
  },
  {
    rule: 'L25',
    part: 'the look at the connection',
    file: 'redis/replicas/replicas.ts',
    changes: [
      [
        'if (on === undefined || on !== this.link.current) throw lost();',
        'if (on === undefined) throw lost();',
      ],
    ],
  },
  {
    rule: 'L25',
    part: 'the question after a batch',
    file: 'redis/replicas/replicated-caller-broker.ts',
    changes: [['if (unsafe === undefined) return answer;', 'return answer;']],
  },
  {
    rule: 'L25',
    part: 'the question after a settlement',
    file: 'redis/replicas/replicated-group-broker.ts',
    changes: [
      ["({ kind }) => kind === 'ok'", '() => false'],
      [
        'super.settleChecked(owner, settlement), underLease',
        'super.settleChecked(owner, settlement), () => false',
      ],
    ],
  },
  {
    rule: 'L25',
    part: 'the question before a start',
    file: 'redis/replicas/replicated-start-broker.ts',
    changes: [
      [
        'super.start(owner, stream, ids), underLease',
        'super.start(owner, stream, ids), () => false',
      ],
    ],
  },
  {
    rule: 'L25',
    part: 'the question after a deletion',
    file: 'redis/replicas/replicated-caller-broker.ts',
    changes: [['await this.replicas.confirm(on).catch(() => false)', 'true']],
  },
  {
    rule: 'L25',
    part: 'holding replies back',
    file: 'engine/producer/assemble-shard.ts',
    changes: [['(confirmed ?? replyReader).message(text)', 'replyReader.message(text)']],
  },
  {
    rule: 'L25',
    part: 'the question after a read of the log',
    file: 'redis/replicas/replicated-caller-broker.ts',
    changes: [['while (page.length > 0 && !(await this.haveAll(on))) continue;', '']],
  },
  {
    rule: 'L25',
    part: 'the look at the server',
    file: 'engine/producer/replies/confirmed-replies.ts',
    changes: [['this.hooks.isSameServer() && ', '']],
  },
  {
    rule: 'L26',
    part: 'the least number',
    file: operation('calling/enqueue'),
    changes: [
      [
        'spread = math.min(spread or streams, streams)',
        'spread = math.max(spread or streams, streams)',
      ],
    ],
  },
  {
    rule: 'L26',
    part: 'how long it counts',
    file: producer('sending/spreads'),
    changes: [['now - known.heardAt > HEARD_FOR && this', 'now < 0 && this']],
  },
  {
    rule: 'L26',
    part: 'the way back',
    file: producer('producer'),
    changes: [['this.spreads.offered(call) || this.unserved', 'this.unserved']],
  },
  {
    rule: 'L26',
    part: 'the look at copies',
    file: producer('sending/spreads'),
    changes: [['home === undefined || call.tainted', 'home === undefined']],
  },
  {
    rule: 'L26',
    part: 'the look at the key',
    file: producer('sending/spreads'),
    changes: [['request.key !== undefined || request.stream', 'request.stream']],
  },
  {
    rule: 'L27',
    part: 'the look before a start',
    file: consumer('intake/pattern-state'),
    changes: [['if (this.pause !== undefined) return false;', '']],
  },
  {
    rule: 'L27',
    part: 'the look with the lease',
    file: consumer('membership/lease-keeper'),
    changes: [['await this.hooks.paused(answer.paused);', 'void answer.paused;']],
  },
  {
    rule: 'L27',
    part: 'the look at attempts',
    file: consumer('run/pauses'),
    changes: [
      [' && history.deliveries === 1 && history.attempts === 0;', ' && history !== undefined;'],
    ],
  },
  {
    rule: 'L27',
    part: 'the refusal beyond the bound',
    file: consumer('intake/entry-router'),
    changes: [['else if (pause.refuses || !this.hooks.mayPark()) {', 'else if (pause.refuses) {']],
  },
  {
    rule: 'L28',
    part: 'the look at instances',
    file: lua('classes'),
    changes: [
      ['if readsOwnOnly(class, own, group, consumer) then return false end\n      any', 'any'],
    ],
  },
  {
    rule: 'L28',
    part: 'the look at groups',
    file: lua('classes'),
    changes: [['if not isHere then return false end', '']],
  },
  {
    rule: 'L28',
    part: 'the order of classes',
    file: consumer('intake/class-turns'),
    changes: [['const usual = ranks.map', 'const usual = ranks.toReversed().map']],
  },
  {
    rule: 'L28',
    part: 'the turns',
    file: consumer('intake/class-turns'),
    changes: [['this.wasTurn ? undefined : this.mostOwed(ranks)', 'undefined']],
  },
  {
    rule: 'L28',
    part: 'the order of what waits',
    file: consumer('run/waiting-line'),
    changes: [['.stream.rank > rank', '.stream.rank > 9']],
  },
  {
    rule: 'L28',
    part: 'the look at classes',
    file: consumer('intake/pattern-state'),
    changes: [['if (this.spec.priorities === true) return false;', '']],
  },
  {
    rule: 'P1',
    part: 'the place of a retry',
    file: consumer('intake/entry-router'),
    changes: [
      [
        'const { stream, pattern, raw, entry, pack, place } = before;',
        'const { stream, pattern, raw, entry, pack: _, place } = before; const pack = undefined;',
      ],
    ],
  },
  {
    rule: 'P2',
    part: 'the union',
    file: lua('pack'),
    changes: [
      ["if a == 'x' or b == 'x' then", "if b == 'x' then"],
      ["all = b == '.' and a or b, false", 'all = b, false'],
    ],
  },
  {
    rule: 'P3',
    part: 'the decision',
    file: operation('serving/settle'),
    changes: [['#letters, letters) then', '#letters, letters) or true then']],
  },
  {
    rule: 'P4',
    part: 'the letters',
    file: operation('recovery/claim'),
    changes: [['packs[n] = knownOf(entry)', "packs[n] = ''"]],
  },
  {
    rule: 'P5',
    part: 'the look',
    file: consumer('intake/pack-router'),
    changes: [
      [
        'if (seen?.incarnation === incarnation && timeOf(raw.id) > seen.look) {',
        'if (incarnation !== undefined) {',
      ],
    ],
  },
  {
    rule: 'P6',
    part: 'the watermark of a cancellation',
    file: operation('calling/decide'),
    changes: [['if size > 0 then lookUpTo(incarnation, entry) end', '']],
  },
  {
    rule: 'P7',
    part: 'the watermark of a group',
    file: operation('groups/ensure-group'),
    changes: [
      [
        "  lookUpTo(incarnation, field(redis.call('XINFO', 'STREAM', stream), 'last-generated-id'))",
        '',
      ],
    ],
  },
  {
    rule: 'P9',
    part: 'the look at the end',
    file: operation('serving/settle-checked'),
    changes: [["if isOver then return 'lost' end", '']],
  },
  {
    rule: 'P9',
    part: 'the look at an entry that may be gone',
    file: lua('pack'),
    changes: [['  if new then\n', '  if false then\n']],
  },
  {
    rule: 'P10',
    part: 'the place',
    file: producer('sending/batch'),
    changes: [['verdict, { size, place });', 'verdict, { size, place: 0 });']],
  },
  {
    rule: 'P11',
    part: 'the mark',
    file: consumer('intake/entry-router'),
    changes: [['maxDeliveries === 1 || pack.wasMarked(place)', 'maxDeliveries >= 1']],
  },
  {
    rule: 'P12',
    part: 'waiting for the mark before',
    file: consumer('run/pack'),
    changes: [
      [
        'while (this.marked !== undefined && this.marked.place !== delivery.place) {',
        'while (false) {',
      ],
    ],
  },
  {
    rule: 'P12',
    part: 'the attempt',
    file: operation('serving/mark'),
    changes: [[' or looks and failed(id, i - 1) ~= attempts', '']],
  },
  {
    rule: 'P13',
    part: 'the interruption of a pack',
    file: consumer('run/start-guard'),
    changes: [["if (told === 'marked') delivery.fault", 'if (told === undefined) delivery.fault']],
  },
  {
    rule: 'P13',
    part: 'the mark of what starts',
    file: consumer('run/start-guard'),
    changes: [['this.marked.add(delivery);', 'this.hooks.run(delivery);']],
  },
  {
    rule: 'P13',
    part: 'whose mark it is',
    file: operation('serving/mark'),
    changes: [["elseif is == 't' and want == 't' then", 'elseif is == want and not want then']],
  },
  {
    rule: 'P13',
    part: 'whose pack it is',
    file: operation('serving/mark'),
    changes: [["pack.once == '1' and redis.call('HGET', started, start)", 'false']],
  },
  {
    rule: 'P13',
    part: 'the claim of a pack that its starter has left',
    file: operation('recovery/end-interrupted'),
    changes: [['if entry and packed(entry) > 0 then', 'if false then']],
  },
  {
    rule: 'P13',
    part: 'the packs of their own',
    file: producer('sending/batch'),
    changes: [['one.once === other.once &&', '']],
  },
  {
    rule: 'P14',
    part: 'the ids outside of the data',
    file: 'protocol/pack.ts',
    changes: [['header: { ...UNREAD, call, caller } }));', 'header: undefined }));']],
  },
  {
    rule: 'P15',
    part: 'the limit',
    file: 'protocol/pack.ts',
    changes: [["if (data.length > maxPayload) return bad('payload too large');", '']],
  },
  {
    rule: 'P16',
    part: 'the look at all',
    file: operation('calling/enqueue'),
    changes: [["if not string.match(member, '^%S+ %S+ packs') then takers = 0 end", '']],
  },
  {
    rule: 'P17',
    part: 'the bound for packs',
    file: consumer('intake/pattern-state'),
    changes: [['room >= ROOM_FOR_PACKS && this.meanTime <= LONG', 'room >= 0']],
  },
  {
    rule: 'P17',
    part: 'the room for a pack',
    file: consumer('intake/read-plan'),
    changes: [['if (members <= 1 || !stream.expectsPacks) return 0;', 'return 0;']],
  },
  {
    rule: 'P17',
    part: 'the reads beside the plan',
    file: consumer('intake/beside-reads'),
    changes: [['room.free > 0 ? (plan.lacking?.(room) ?? NONE) : NONE', 'NONE']],
  },
  {
    rule: 'P17',
    part: 'the age',
    file: operation('serving/read-waiting'),
    changes: [['(waited < 0 or waited >= tonumber(age))', 'waited >= 0']],
  },
  {
    rule: 'P17',
    part: 'the streams that are left out',
    file: consumer('intake/equal-plan'),
    changes: [
      [
        'this.left = this.isTooFull(room) ? streams : [];',
        'if (this.isTooFull(room)) return undefined;',
      ],
    ],
  },
  {
    rule: 'P18',
    part: 'the slack',
    file: producer('sending/layout'),
    changes: [['Math.abs(one.expiresAt - other.expiresAt) <= SLACK', 'one.once !== undefined']],
  },
  {
    rule: 'P19',
    part: 'the place in notices',
    file: producer('call'),
    changes: [['return place === undefined ? entry : `${entry}#${place.place}`;', 'return entry;']],
  },
  {
    rule: 'P20',
    part: 'the group in notes',
    file: consumer('run/pack'),
    changes: [
      ['return this.group === undefined ? this.id', 'return this.group !== undefined ? this.id'],
    ],
  },
  {
    rule: 'P21',
    part: 'the look at who is listed',
    file: lua('heard'),
    changes: [['elseif mayLive(service, listed[2]) then', 'elseif false then']],
  },
  {
    rule: 'P21',
    part: 'the groups without an instance',
    file: lua('heard'),
    changes: [['if takers == 0 and service == group then return 0 end', '']],
  },
];
