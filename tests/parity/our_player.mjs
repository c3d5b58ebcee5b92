// parity_player as a function: one process, scripts in, logs out, in order.
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"

export class OurPlayer {
  constructor(program) {
    this.waiting = []
    this.process = spawn(program, { stdio: ["pipe", "pipe", "inherit"] })
    this.process.stdin.on("error", () => {})  // its end is told by `close`
    const end = why => { for (const { reject } of this.waiting.splice(0)) reject(new Error(`${program} ${why}`)) }
    this.process.on("error", error => end(`cannot be started: ${error.message}`))
    this.process.on("close", (code, signal) => end(`ended early: ${signal ?? `exit code ${code}`}`))
    createInterface({ input: this.process.stdout }).on("line", line => this.waiting.shift().resolve(JSON.parse(line)))
  }

  play(script) {
    return new Promise((resolve, reject) => {
      if (this.process.exitCode !== null || this.process.signalCode !== null) return reject(new Error("the player has ended"))
      this.waiting.push({ resolve, reject })
      this.process.stdin.write(JSON.stringify(script) + "\n")
    })
  }

  end() { this.process.stdin.end() }
}
