// The official client and our machines play the same scripts; their logs must be equal. Usage: run --help
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { difference, sideBySide } from "./compare.mjs"
import { departures } from "./departures.mjs"
import { generate } from "./generator.mjs"
import { OurPlayer } from "./our_player.mjs"
import { playPhoenix } from "./phoenix_player.mjs"
import { shrink } from "./shrink.mjs"

const usage = `usage: tests/parity/run --player PROGRAM [--seed S] [--count N] [--script FILE] [--show] [--without D-n,...]
  --seed S       first seed (1); script n has seed S + n
  --count N      scripts to play (2000)
  --script FILE  play this one script instead, as a failure prints it
  --show         print both logs of every script
  --without IDS  play without these departures, to see what they stand for
Ends with "N passed, N failed, N skipped"; exit code 0 only if nothing failed, 1 if something did, 2 for bad usage.`

function options() {
  const number = (text, name) => {
    if (!/^\d+$/.test(text)) throw new Error(`--${name} wants a whole number, not '${text}'`)
    return Number(text)
  }
  const { values } = parseArgs({ options: {
    player: { type: "string" }, seed: { type: "string", default: "1" }, count: { type: "string", default: "2000" },
    script: { type: "string" }, show: { type: "boolean" }, without: { type: "string", default: "" }, help: { type: "boolean" } } })
  if (values.help) return { help: true }
  if (!values.player) throw new Error("--player is missing: where is parity_player?")
  const without = values.without.split(",").filter(id => id)
  const unknown = without.find(id => !(id in departures))
  if (unknown) throw new Error(`--without knows ${Object.keys(departures).join(", ")}, not '${unknown}'`)
  return { ...values, seed: number(values.seed, "seed"), count: number(values.count, "count"),
    departures: Object.keys(departures).filter(id => !without.includes(id)) }
}

class Match {
  constructor(options) {
    this.options = options
    this.ours = new OurPlayer(options.player)
    this.used = {}
    this.entries = 0
    this.ties = 0
  }

  async play(script) {
    const { log, used, ties } = playPhoenix(script, this.options.departures)
    const ours = await this.ours.play(script)
    const at = difference(log, ours)
    return { log, ours, used, at, tie: at !== undefined && [log[at], ours[at]].some(entry => entry && ties.has(entry[0])) }
  }

  /// No rule orders two timers that are due at the same millisecond. A script whose logs part at such a tie is played again,
  /// a little slower, until the tie is gone.
  async playUntied(script) {
    let slower = script, result
    for (let extra = 1; (result = await this.play(slower)).tie; ++extra) {
      if (extra > 20) throw new Error(`seed ${script.seed}: ties that do not go away`)
      ++this.ties
      slower = { ...script, steps: script.steps.map((step, i) => ({ ...step, dt: step.dt + (extra * (1 + i % 6)) % 7 })) }
    }
    return { script: slower, result }
  }

  /// True when the logs are equal.
  async check(script) {
    const { script: played, result } = await this.playUntied(script)
    for (const id of result.used) this.used[id] = (this.used[id] ?? 0) + 1
    this.entries += result.log.length
    if (this.options.show) console.log(sideBySide(result.log, result.ours, result.at ?? 0, Infinity))
    if (result.at === undefined) return true
    await this.report(played)
    return false
  }

  async report(script) {
    const small = await shrink(script, async candidate => {
      const { at, tie } = await this.play(candidate)
      return at !== undefined && !tie
    })
    const { log, ours, at } = await this.play(small)
    console.log(`not ok - seed ${script.seed}: ${script.steps.length} steps, shrunk to ${small.steps.length}; the first difference is at ${at}`)
    console.log(`{"seed":${small.seed},"config":${JSON.stringify(small.config)},"steps":[`)
    console.log(small.steps.map(step => `  ${JSON.stringify(step)}`).join(",\n") + "\n]}")
    console.log(sideBySide(log, ours, at) + "\n")
  }
}

async function main(chosen) {
  const scripts = chosen.script ? [JSON.parse(readFileSync(chosen.script, "utf8"))] : undefined
  const count = scripts ? 1 : chosen.count
  const shown = 5  // a broken rule fails hundreds of scripts alike
  let failed = 0, played = 0, steps = 0
  const started = process.hrtime.bigint()
  const match = new Match(chosen)
  try {
    for (let i = 0; i < count && failed < shown; ++i) {
      const script = scripts ? scripts[i] : generate(chosen.seed + i)
      steps += script.steps.length
      ++played
      if (!await match.check(script)) ++failed
    }
  } finally {
    match.ours.end()
  }
  return { match, played, failed, steps, seconds: Number(process.hrtime.bigint() - started) / 1e9 }
}

let chosen
try {
  chosen = options()
} catch (error) {
  console.error(`parity: ${error.message}\n${usage}`)
  process.exit(2)
}
if (chosen.help) {
  console.log(usage)
} else {
  try {
    const { match, played, failed, steps, seconds } = await main(chosen)
    console.log(`departures met, by scripts: ${JSON.stringify(match.used)}`)
    console.log(`seed ${chosen.seed}, count ${played}: ${steps} steps, ${match.entries} log entries, ${match.ties} ties, ${seconds.toFixed(1)} s`)
    console.log(`${played - failed} passed, ${failed} failed, 0 skipped`)
    process.exitCode = failed ? 1 : 0
  } catch (error) {
    console.error(`parity: ${error.message}`)
    process.exitCode = 1
  }
}
