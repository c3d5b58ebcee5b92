// The smallest script that still shows a difference: steps are dropped in ever smaller runs while it persists.

/// differs(script) -> Promise<boolean>
export async function shrink(script, differs) {
  let best = script
  for (let run = Math.ceil(best.steps.length / 2); run >= 1; run = Math.floor(run / 2)) {
    for (let at = 0; at < best.steps.length;) {
      const steps = [...best.steps.slice(0, at), ...best.steps.slice(at + run)]
      if (await differs({ ...best, steps })) best = { ...best, steps }
      else at += run
    }
  }
  return best
}
