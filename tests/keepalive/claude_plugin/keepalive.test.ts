// Runs under `claude plugin test` in an installed copy: with an empty folder.ts the plugin does nothing.
import { describe, expect, mock, test } from 'claude-code/testing'
import { FOLDER } from '../hooks/folder'
import { HOME, START as COMMAND } from '../hooks/start'
import {
  CARRIES_PROMPT, PROMPT, goesOn, isPlan, isSession, readAsk, readLimits, readUsage, rests,
} from '../hooks/words'

const SESSION = '11111111-2222-3333-4444-555555555555'
const START = { cwd: '/work', surface: 'terminal', isInteractive: true } as const
const SUMMARY = [{ role: 'user', text: 'a summary', toolUses: [] }]
const USAGE = { input_tokens: 11, output_tokens: 1, cache_read_input_tokens: 13_436, cache_creation_input_tokens: 6 }
// What the client shows of headers: no value of a credential.
const BETA = 'claude-code-20250219,effort-2025-11-24'
const KEY = { 'anthropic-beta': BETA, 'x-api-key': '[redacted]' }
const BEARER_KEY = { 'anthropic-beta': BETA, authorization: '[redacted]' }
const PLAN = { 'anthropic-beta': `${BETA},oauth-2025-04-20`, authorization: '[redacted]' }

/** A client in memory: its files, how often it forked, and what a fork does. */
function client(on: any, { exists = true }: { exists?: boolean } = {}) {
  const world = {
    files: new Map<string, string>(),
    exists,
    forks: 0,
    started: [] as any[],
    start: async (): Promise<any> => ({ exitCode: 0, stdout: '', stderr: '' }),
    session: SESSION,
    model: 'opus',
    fork: async (): Promise<any> => ({ isAnswered: true, text: '.', usage: USAGE }),
    clock: mock.clock(on, { now: 1_000_000 }),
    read: (name: string) => JSON.parse(world.files.get(`${FOLDER}/${world.session}.${name}.json`) ?? 'null'),
    ask: (id: string, notAfter: number, to = world.read('state').instance) =>
      world.files.set(`${FOLDER}/${world.session}.ask.json`, JSON.stringify({ id, to, notAfter })),
  }
  on('fs.exists', ($: any, e: any) => ({ value: e.path === FOLDER ? world.exists : world.files.has(e.path) }))
  on('fs.read', ($: any, e: any) => ({ value: world.files.get(e.path) ?? '' }))
  on('fs.write', ($: any, e: any) => (world.files.set(e.path, e.text), { value: undefined }))
  on('fs.list', () => ({ value: [] }))
  on('session.id', () => ({ value: world.session }))
  on('session.model', () => ({ value: world.model }))
  on('session.compact', () => ({ messages: SUMMARY }))
  on('session.messages', () => ({ value: [] }))
  on('session.version', () => ({ value: { version: '2.1.331' } }))
  on('session.usage', () => ({ value: { startedAt: 0, context: { window: 1000, tokens: 10 }, rateLimits: [] } }))
  on('session.start', ($: any, e: any) => ({ cwd: e.cwd }))
  on('session.end', ($: any, e: any) => ({ sessionId: e.sessionId }))
  on('turn.start', ($: any, e: any) => ({ turnId: e.turnId }))
  on('turn.complete', ($: any, e: any) => ({ text: e.answer }))
  on('process.run', async ($: any, e: any) => (world.started.push(e), { value: await world.start() }))
  on('model.fork', async () => ((world.forks += 1), { value: await world.fork() }))
  return world
}

describe('the session', () => {
  test('announces itself with its versions', async ($, on) => {
    const world = client(on)
    await $.session.start(START)
    await world.clock.settle()
    const state = world.read('state')
    expect(state.session).toBe(SESSION)
    expect(state.client).toBe('2.1.331')
    expect(state.at).toBe(1_000)
    expect(state.running).toBe(false)
  })

  test('says at once when a turn begins and ends, and nothing of a subagent', async ($, on) => {
    const world = client(on)
    await $.session.start(START)
    await world.clock.settle()
    await $.turn.start({ text: 'hello', turnId: 't1' })
    await world.clock.settle()
    expect(world.read('state').running).toBe(true)
    await $.turn.complete({ answer: '', durationMs: 1, isAborted: false, turnId: 's1', agentId: 'a1', reason: 'answer' })
    await world.clock.settle()
    expect(world.read('state').running).toBe(true)
    await $.turn.complete({ answer: '', durationMs: 1, isAborted: true, turnId: 't1', reason: 'aborted' })
    await world.clock.settle()
    expect(world.read('state').running).toBe(false)
  })

  test('says when it ends', async ($, on) => {
    const world = client(on)
    await $.session.start(START)
    await world.clock.settle()
    await $.session.end({ reason: 'clear', sessionId: SESSION, resume: { id: SESSION } })
    expect(world.read('state').ended).toBe('clear')
  })

  test('does nothing without the folder, and looks for it rarely', async ($, on) => {
    const world = client(on, { exists: false })
    await $.session.start(START)
    await $.turn.start({ text: 'hello', turnId: 't1' })
    await world.clock.advance(20_000)
    expect(world.files.size).toBe(0)
    world.exists = true
    await world.clock.advance(9_000)
    expect(world.files.size).toBe(0)
    await world.clock.advance(2_000)
    expect(world.read('state').session).toBe(SESSION)
  })

  test('is not announced where nobody sits before it, and starts nothing', async ($, on) => {
    const world = client(on)
    await $.session.start({ ...START, isInteractive: false })
    await world.clock.advance(40_000)
    expect(world.files.size).toBe(0)
    expect(world.started).toEqual([])
  })
})

describe('the keeper', () => {
  test('is started once, for the home that this was installed for', async ($, on) => {
    const world = client(on)
    await $.session.start(START)
    await world.clock.advance(120_000)
    expect(COMMAND.length).toBeGreaterThan(0)
    expect(world.started.map(e => e.argv)).toEqual([[...COMMAND]])
    expect(world.started[0].init.env).toEqual({ WARMSIDE_HOME: HOME })
  })

  test('is waited for by nobody, and may be gone', async ($, on) => {
    const world = client(on)
    let fail = (_: any) => {}
    world.start = () => new Promise((_, reject) => (fail = reject))
    await $.session.start(START)
    await world.clock.settle()
    expect(world.read('state').session).toBe(SESSION)
    fail(new Error('no such program'))
    await world.clock.advance(30_000)
    expect(world.started.length).toBe(1)
    expect(world.read('state').at).toBeGreaterThan(1_015)
  })

  test('is not started without the folder', async ($, on) => {
    const world = client(on, { exists: false })
    await $.session.start(START)
    await world.clock.advance(20_000)
    expect(world.started).toEqual([])
  })
})

describe('an ask', () => {
  test('is answered once, with usage', async ($, on) => {
    const world = client(on)
    await $.session.start(START)
    await world.clock.settle()
    world.ask('a1', 1_100)
    await world.clock.advance(1_000)
    const answer = world.read('answer')
    expect(answer.state).toBe('done')
    expect(answer.usage).toEqual({ input: 11, output: 1, cache_read: 13_436, cache_write: 6 })
    await world.clock.advance(5_000)
    expect(world.forks).toBe(1)
  })

  test('is refused when late, when a turn runs, and when it names another instance', async ($, on) => {
    const world = client(on)
    await $.session.start(START)
    await world.clock.settle()
    world.ask('a1', 1_000.5)
    await world.clock.advance(1_000)
    expect(world.read('answer')).toMatchObject({ id: 'a1', state: 'refused', reason: 'late' })
    await $.turn.start({ text: 'hello', turnId: 't1' })
    world.ask('b1', 1_100)
    await world.clock.advance(1_000)
    expect(world.read('answer')).toMatchObject({ id: 'b1', state: 'refused', reason: 'busy' })
    await $.turn.complete({ answer: '', durationMs: 1, isAborted: false, turnId: 't1', reason: 'answer' })
    world.ask('c1', 1_100, 'somebody')
    await world.clock.advance(2_000)
    expect(world.read('answer').id).toBe('b1')
    expect(world.forks).toBe(0)
  })

  test('says why there was no fork', async ($, on) => {
    const world = client(on)
    await $.session.start(START)
    await world.clock.settle()
    world.fork = async () => ({ isAnswered: false, reason: 'nothing-to-fork' })
    world.ask('a1', 1_100)
    await world.clock.advance(1_000)
    expect(world.read('answer')).toMatchObject({ state: 'refused', reason: 'nothing-to-fork' })
  })

  test('is refused when a fork would not send what is cached', async ($, on) => {
    const world = client(on)
    const turn = async () => {
      await $.turn.start({ text: 'hello', turnId: 't1' })
      await $.turn.complete({ answer: '', durationMs: 1, isAborted: false, turnId: 't1', reason: 'answer' })
    }
    await $.session.start(START)
    await world.clock.settle()
    await turn()
    world.model = 'sonnet'
    world.ask('a1', 1_100)
    await world.clock.advance(1_000)
    expect(world.read('answer')).toMatchObject({ id: 'a1', state: 'refused', reason: 'changed' })
    await turn()
    world.ask('a2', 1_100)
    await world.clock.advance(1_000)
    expect(world.read('answer')).toMatchObject({ id: 'a2', state: 'done' })
    await $.session.compact({ trigger: 'manual', messages: SUMMARY } as any)
    world.ask('a3', 1_100)
    await world.clock.advance(1_000)
    expect(world.read('answer')).toMatchObject({ id: 'a3', state: 'refused', reason: 'changed' })
    expect(world.forks).toBe(1)
  })

  test('counts as spent while it runs', async ($, on) => {
    const world = client(on)
    await $.session.start(START)
    await world.clock.settle()
    let finish = (_: any) => {}
    world.fork = () => new Promise(resolve => (finish = resolve))
    world.ask('a1', 1_100)
    await world.clock.advance(1_000)
    expect(world.read('answer').state).toBe('forking')
    await world.clock.advance(30_000)
    expect(world.read('state').at).toBeGreaterThan(1_015)
    finish({ isAnswered: false, reason: 'api-error', status: 529, usage: {} })
    await world.clock.settle()
    expect(world.read('answer')).toMatchObject({ state: 'done', reason: 'api-error', status: 529 })
  })
})

describe('words', () => {
  test('read what may be half written', async () => {
    expect(readAsk('{"id":"a1","to":"b","notAft')).toBe(undefined)
    expect(readAsk('{"id":"../x","to":"b","notAfter":1}')).toBe(undefined)
    expect(readAsk('[]')).toBe(undefined)
    expect(readAsk('{"id":"a1","to":"b","notAfter":1.5}')).toEqual({ id: 'a1', to: 'b', notAfter: 1.5, plan: false })
    expect(readAsk('{"id":"a1","to":"b","notAfter":1.5,"plan":1}')?.plan).toBe(false)
    expect(readAsk('{"id":"a1","to":"b","notAfter":1.5,"plan":true}')?.plan).toBe(true)
    expect(isSession('../../etc/passwd')).toBe(false)
    expect(readUsage(undefined)).toEqual({ input: 0, output: 0, cache_read: 0, cache_write: 0 })
    expect(readLimits([{ kind: 'five_hour', percentUsed: 23.5, resetsAt: '1970-01-01T00:01:00Z' }])).toEqual([
      { kind: 'five_hour', used: 0.235, resets_at: 60 },
    ])
  })

  test('know a fork, and a fork that goes on', async () => {
    const body = (...more: object[]) =>
      JSON.stringify({ messages: [{ role: 'user', content: 'x' }, { role: 'user', content: PROMPT }, ...more], n: 1 })
    expect(CARRIES_PROMPT.test(body())).toBe(true)
    expect(CARRIES_PROMPT.test(JSON.stringify({ content: body() }))).toBe(false)
    expect(goesOn(body())).toBe(false)
    expect(goesOn(body({ role: 'assistant', content: [] }))).toBe(true)
    const blocks = { role: 'user', content: [{ type: 'text', text: PROMPT }] }
    expect(goesOn(JSON.stringify({ messages: [blocks] }))).toBe(false)
    expect(goesOn(JSON.stringify({ messages: [blocks, { role: 'assistant' }] }))).toBe(true)
  })

  test('take a login for a plan\'s where nothing says that it is a key', async () => {
    expect(isPlan(KEY)).toBe(false)
    expect(isPlan(BEARER_KEY)).toBe(false)
    expect(isPlan({ 'Anthropic-Beta': BETA, Authorization: '[redacted]' })).toBe(false)
    expect(isPlan(PLAN)).toBe(true)
    expect(isPlan({ ...PLAN, 'x-api-key': '[redacted]' })).toBe(true)
    expect(isPlan({ 'Anthropic-Beta': PLAN['anthropic-beta'], Authorization: '[redacted]' })).toBe(true)
    for (const beta of ['[redacted]', '', undefined])
      expect(isPlan({ authorization: '[redacted]', 'anthropic-beta': beta })).toBe(true)
    for (const nothing of [undefined, null, 'x-api-key', {}, [], { authorization: '[redacted]' }])
      expect(isPlan(nothing)).toBe(true)
  })

  test('know a conversation that rests', async () => {
    expect(rests({ role: 'assistant', text: 'done', toolUses: [] })).toBe(true)
    expect(rests({ role: 'assistant', text: '', toolUses: [{}] })).toBe(false)
    expect(rests({ role: 'user', text: '<command-name>/reload-plugins</command-name>', toolUses: [] })).toBe(true)
    expect(rests({ role: 'user', text: 'go on', toolUses: [] })).toBe(false)
  })
})
