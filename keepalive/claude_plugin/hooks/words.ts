// What plugin and keeper say to each other, and everything here that needs no client: words, times, shapes.

export const PLUGIN_VERSION = '0.1.0'

// The whole of what a fork asks. The gateway knows a fork by this exact text (keepalive/fork_mark.py).
export const PROMPT = '(warmside keep-alive) Reply with one dot and nothing else. Use no tool. Do not think about it.'

// A request that carries the prompt as a whole message without a cache mark: only a fork does.
export const CARRIES_PROMPT = new RegExp(`"(?:content|text)":"${escaped(PROMPT)}"\\}`)

export const POLL_MS = 1_000
export const BEAT_SECONDS = 20 // an announcement is renewed this often, whatever else happens
export const AWAY_MS = 30_000 // how often to look whether the folder has come back
export const START_MS = 60_000 // that starting the keeper may take before it is given up
export const MAX_FILES = 2_000 // a folder that nobody cleans gets no more from us

const SESSION = /^[0-9a-f-]{8,64}$/
const ASK = /^[0-9a-f-]{1,64}$/
const DATED = /-\d{4}-?\d{2}-?\d{2}\b/ // as every name in anthropic-beta is

/**
 * Something that the keeper wants: one fork, sent before `notAfter` (seconds since the epoch), by this instance; `plan`:
 * also under a plan's login.
 */
export type Ask = { id: string; to: string; notAfter: number; plan: boolean }

export type Limit = { kind: string; used: number; resets_at: number | null }

/** What the keeper can read about a session at any time. Times are seconds since the epoch. */
export type State = {
  v: 1
  session: string
  instance: string // of this module in this process; a reload makes a new one
  plugin: string
  client: string
  at: number
  running: boolean | null // null: the module was loaded in the middle of a session and has not seen a turn yet
  turn_started_at: number | null
  turn_ended_at: number | null
  ended: string // why the session ended; '' while it is open
  context: { tokens: number | null; window: number | null } | null
  limits: Limit[]
}

export type Usage = { input: number; output: number; cache_read: number; cache_write: number }

export function isSession(id: unknown): id is string {
  return typeof id === 'string' && SESSION.test(id)
}

/** The ask in a file's text, or undefined: a file may be half written, or anything. */
export function readAsk(text: string): Ask | undefined {
  try {
    const { id, to, notAfter, plan } = JSON.parse(text)
    if (typeof id === 'string' && ASK.test(id) && typeof to === 'string' && Number.isFinite(notAfter))
      return { id, to, notAfter, plan: plan === true }
  } catch {}
  return undefined
}

/** The four counters of a model call; what the client leaves out counts as zero. */
export function readUsage(usage: any): Usage {
  return {
    input: count(usage?.input_tokens),
    output: count(usage?.output_tokens),
    cache_read: count(usage?.cache_read_input_tokens),
    cache_write: count(usage?.cache_creation_input_tokens),
  }
}

/** The rate-limit windows that the client told, at most eight. */
export function readLimits(windows: any): Limit[] {
  if (!Array.isArray(windows)) return []
  return windows.slice(0, 8).map(window => {
    const resets = Date.parse(window?.resetsAt ?? '')
    return {
      kind: String(window?.kind ?? '').slice(0, 40),
      used: Number.isFinite(window?.percentUsed) ? window.percentUsed / 100 : 0,
      resets_at: Number.isFinite(resets) ? resets / 1000 : null,
    }
  })
}

export function readContext(context: any): State['context'] {
  if (typeof context !== 'object' || context === null) return null
  return { tokens: known(context.tokens), window: known(context.window) }
}

/** Whether a fork's request goes on behind the prompt: the model tried a tool, and the client reports the denial. */
export function goesOn(body: unknown): boolean {
  if (typeof body !== 'string') return false
  const end = body.lastIndexOf(PROMPT) + PROMPT.length
  return /^"\}(\]\})?,\{/.test(body.slice(end, end + 8))
}

/**
 * Whether a request with these headers leaves under a plan's login, or under one that cannot be told. API keys come as
 * Bearer too: the beta name tells a login apart. Of a credential only the header's name is looked at; its value the
 * client keeps to itself, and should it come to do so with more of them, nothing is known.
 */
export function isPlan(headers: unknown): boolean {
  const names = typeof headers === 'object' && headers !== null ? Object.keys(headers) : []
  const find = (wanted: string) => names.find(name => name.toLowerCase() === wanted)
  if (find('authorization') === undefined) return find('x-api-key') === undefined
  const beta = String((headers as any)[find('anthropic-beta') ?? ''])
  return !DATED.test(beta) || /oauth/i.test(beta)
}

/** Whether the conversation rests, seen from its last message alone; for a module that missed the turn's start. */
export function rests(last: any): boolean {
  if (last === undefined) return true
  if (last?.role === 'assistant') return Array.isArray(last.toolUses) && last.toolUses.length === 0
  return /^<(command-name|local-command)/.test(String(last?.text ?? ''))
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.floor(value) : 0
}

function known(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
