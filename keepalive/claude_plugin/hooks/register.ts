// Starts the keeper where a person sits, tells it what this session does and, when asked, has the client read its own
// prompt cache once more.
//
// It decides nothing: whether a fork is worth its price is the keeper's business. What is checked here is what only the
// client knows at the last moment: that no turn runs, that the asked time has not passed, that a fork would still send
// what was cached, and that it leaves under no plan's login unless that was asked for. Nothing of this may ever break or delay a turn, so a call on `$` that a client does not have is
// a caught error, and turns wait for no file.

import { FOLDER } from './folder'
import { HOME, START } from './start'
import {
  AWAY_MS, BEAT_SECONDS, CARRIES_PROMPT, MAX_FILES, PLUGIN_VERSION, POLL_MS, PROMPT, START_MS,
  goesOn, isPlan, isSession, readAsk, readContext, readLimits, readUsage, rests, type Ask, type State,
} from './words'

/** What the client is asked for. `$` itself cannot be handed around, so its calls are. */
type Client = {
  now: () => Promise<number>
  id: () => Promise<string>
  model: () => Promise<string>
  last: () => Promise<any>
  exists: (path: string) => Promise<boolean>
  list: (path: string) => Promise<readonly unknown[]>
  read: (path: string) => Promise<string>
  write: (path: string, text: string) => Promise<void>
  fork: () => Promise<any>
}

/** One fork on its way, as its single requests are seen. */
type Flight = {
  ask: Ask
  sends: number
  sentAt: number // when the last one left
  status: number | null // what the last one was answered with; null: nothing came
  good: boolean // one of them was answered with a message
  tool: boolean // the model wanted a tool
  denied: string // why the last one was held back
}

export function register(on: any) {
  const instance = crypto.randomUUID()
  let client: Client | undefined
  let version = ''
  let state: State | undefined
  let compacting = 0
  let compacted = false // since the last turn: what is cached is no longer what would be sent
  let model: string | undefined // at the last turn's end
  let over = '' // the session that ended last: its id stands for a moment longer
  let beatAt = 0
  let answered = ''
  let flight: Flight | undefined
  let pump: Promise<void> | undefined
  let dirty = false

  on('session.start', async ($: any, e: any, next: any) => {
    // Nobody sits before a session without a prompt: it ends when its work is done.
    if (FOLDER !== '' && e.isInteractive && client === undefined) {
      client = {
        now: async () => (await $.clock.now()) / 1000,
        id: () => $.session.id(),
        model: () => $.session.model(),
        last: async () => (await $.session.messages({ last: 1 }))[0],
        exists: path => $.fs.exists(path),
        list: path => $.fs.list(path),
        read: path => $.fs.read(path),
        write: (path, text) => $.fs.write(path, text),
        fork: () => $.model.fork({ prompt: PROMPT }), // never an effort: it would miss the cache
      }
      const learn = async () => {
        try { version = String((await $.session.version()).version).slice(0, 40) } catch {}
        const wait = await look().catch(() => AWAY_MS)
        try {
          const usage = await $.session.usage()
          if (state) Object.assign(state, { context: readContext(usage.context), limits: readLimits(usage.rateLimits) })
        } catch {}
        again(wait)
      }
      const again = (wait: number) => $.clock.after(wait, () => void look().catch(() => AWAY_MS).then(again))
      // Where a keeper runs already this does nothing, and where warmside is gone, or cannot start, nobody is told.
      const begin = async () => {
        if (START.length === 0 || !(await $.fs.exists(FOLDER))) return
        await $.process.run([...START], { env: { WARMSIDE_HOME: HOME }, timeoutMs: START_MS })
      }
      void learn()
      void begin().catch(() => {})
    }
    return next(e)
  })

  on('turn.start', ($: any, e: any, next: any) => {
    if (e.agentId === undefined) void turn(true)
    return next(e)
  })

  on('turn.complete', ($: any, e: any, next: any) => {
    if (e.agentId === undefined) void turn(false)
    return next(e)
  })

  on('session.compact', async ($: any, e: any, next: any) => {
    if (e.agentId !== undefined) return next(e)
    compacting += 1
    try {
      const done = await next(e)
      compacted ||= e.trigger !== 'precompute' && done?.skip === undefined
      return done
    } finally {
      compacting -= 1
    }
  })

  on('session.measure', ($: any, e: any, next: any) => {
    if (state) {
      Object.assign(state, { context: readContext(e.context), limits: readLimits(e.rateLimits) })
      void publish()
    }
    return next(e)
  })

  // A /clear ends the session too: the process goes on under another id, which the next look finds.
  on('session.end', async ($: any, e: any, next: any) => {
    if (state && state.session === e.sessionId) {
      state.ended = String(e.reason ?? 'other').slice(0, 40) || 'other'
      state.running = false
      await publish()
      over = state.session
      state = undefined
    }
    return next(e)
  })

  // Every single request of a fork passes here, and no other request does. The client repeats a request that failed for
  // minutes, and asks once more when the model wants a tool: neither may happen for a prompt cache.
  on('http.fetch', { init: { body: CARRIES_PROMPT } }, async ($: any, e: any, next: any) => {
    const mine = flight
    if (mine === undefined) return next(e)
    mine.denied = await refusal(mine, e.init).catch(() => 'broken')
    if (mine.denied !== '') return { deny: `warmside: ${mine.denied}` }
    mine.sends += 1
    mine.status = null
    const answer = await next(e)
    mine.status = (answer?.value ?? answer)?.status ?? null
    mine.good ||= mine.status === null || (mine.status >= 200 && mine.status < 300)
    return answer
  }).catch(($: any, e: any, next: any) => {
    // The client passes over a hook that fails, and sends: not here.
    if (flight === undefined || next.called) return next(e)
    flight.denied = 'broken'
    return { deny: 'warmside: broken' }
  })

  async function refusal(mine: Flight, init: any): Promise<string> {
    if (goesOn(init?.body)) {
      mine.tool ||= mine.good
      return mine.good ? 'tool' : 'changed' // (as after a new effort, or when the provider refuses the plain one)
    }
    if (mine.good) return 'cut' // an answer came and broke off: to ask again would be a second ping
    const now = await client!.now()
    if (now >= mine.ask.notAfter) return 'late'
    // Every time: a login may change between two requests.
    const why = (mine.sends === 0 ? await unfit() : '') || (!mine.ask.plan && isPlan(init?.headers) ? 'plan' : '')
    if (why === '') mine.sentAt = now
    return why
  }

  /** One look at the folder; returns the milliseconds until the next one. */
  async function look(): Promise<number> {
    const now = await client!.now()
    // (a clock may be set back)
    if (state === undefined || Math.abs(now - beatAt) >= BEAT_SECONDS) {
      if (!(await client!.exists(FOLDER))) return AWAY_MS
      await adopt()
      if (state !== undefined) await publish()
    }
    if (state === undefined) return POLL_MS
    const path = `${FOLDER}/${state.session}.ask.json`
    // The keeper takes an ask away when it is over: it may be gone between the two calls.
    const ask = (await client!.exists(path)) ? readAsk(await client!.read(path).catch(() => '')) : undefined
    // Asks name the instance, so a module that was loaded anew never answers what another one may have answered.
    if (ask !== undefined && ask.to === instance && ask.id !== answered && flight === undefined) {
      answered = ask.id
      void answer(ask, state.session).catch(() => {}).finally(() => (flight = undefined))
    }
    return POLL_MS
  }

  /** Begin a new state when the process has gone on to another session. */
  async function adopt(): Promise<void> {
    const id = await client!.id()
    if (state?.session === id || id === over || !isSession(id)) return
    if ((await client!.list(FOLDER)).length >= MAX_FILES) return
    over = ''
    const fresh = (await client!.last()) === undefined
    if (state?.session === id) return // a turn began meanwhile
    state = {
      v: 1, session: id, instance, plugin: PLUGIN_VERSION, client: version, at: 0, running: fresh ? false : null,
      turn_started_at: null, turn_ended_at: null, ended: '', context: null, limits: [],
    }
    beatAt = 0
  }

  async function turn(running: boolean): Promise<void> {
    if (client === undefined) return
    if (state) state.running = running // at once: a fork may be about to leave
    compacted = false
    if (running) over = ''
    try {
      model = running ? undefined : await client.model()
    } catch {}
    try {
      if (!(await client.exists(FOLDER))) return
      await adopt()
      if (state === undefined) return
      state.running = running
      state[running ? 'turn_started_at' : 'turn_ended_at'] = await client.now()
      await publish()
    } catch {}
  }

  /** Why a fork would be wrong at this moment, or ''. */
  async function unfit(): Promise<string> {
    if (state === undefined || state.running || compacting > 0) return 'busy'
    if (state.running === null && !rests(await client!.last())) return 'busy'
    if (compacted || (model !== undefined && (await client!.model()) !== model)) return 'changed'
    return ''
  }

  async function answer(ask: Ask, session: string): Promise<unknown> {
    const say = async (more: object) =>
      put(`${session}.answer.json`, { v: 1, id: ask.id, instance, at: await client!.now(), ...more })
    const early = (await client!.now()) >= ask.notAfter ? 'late' : await unfit()
    if (early !== '') return say({ state: 'refused', reason: early })
    // From here on the keeper counts with money spent, whatever becomes of this process.
    if (!(await say({ state: 'forking' }))) return
    const startedAt = await client!.now()
    const why = startedAt >= ask.notAfter ? 'late' : await unfit()
    if (why !== '') return say({ state: 'refused', reason: why })
    const mine: Flight = (flight = {
      ask, sends: 0, sentAt: startedAt, status: null, good: false, tool: false, denied: '',
    })
    let result: any
    try {
      result = await client!.fork()
    } catch (error) {
      // A client without forks fails before anything is sent; what else fails may have cost something.
      if (error instanceof TypeError && mine.sends === 0) return say({ state: 'refused', reason: 'unavailable' })
      result = { isAnswered: false, reason: 'rejected' }
    }
    if (result.reason === 'nothing-to-fork') return say({ state: 'refused', reason: 'nothing-to-fork' })
    if (mine.denied !== '' && mine.sends === 0) return say({ state: 'refused', reason: mine.denied })
    return say({
      state: 'done',
      reason: result.isAnswered ? '' : mine.denied || String(result.reason).slice(0, 40),
      status: mine.denied !== '' ? mine.status : typeof result.status === 'number' ? result.status : null,
      usage: readUsage(result.usage),
      sends: mine.sends,
      tool: mine.tool,
      sent_at: mine.sentAt,
    })
  }

  /** Write the state, once more when it changed meanwhile; resolves when the newest is written. */
  function publish(): Promise<void> {
    dirty = true
    pump ??= (async () => {
      try {
        while (dirty && state !== undefined) {
          dirty = false
          const mine = state
          mine.at = beatAt = await client!.now()
          await put(`${mine.session}.state.json`, mine)
        }
      } catch {} finally {
        pump = undefined
      }
    })()
    return pump
  }

  /** Write a file; false without a folder: the client would make it again, also after an uninstall. */
  async function put(name: string, value: object): Promise<boolean> {
    if (!(await client!.exists(FOLDER))) return false
    await client!.write(`${FOLDER}/${name}`, JSON.stringify(value) + '\n')
    return true
  }
}
