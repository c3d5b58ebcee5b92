// Two logs are equal, entry by entry; only the order of keys inside JSON objects is free.

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== "object") return value
  return Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])]))
}

const line = entry => JSON.stringify(sorted(entry))

/// undefined, or the index of the first entry that differs.
export function difference(theirs, ours) {
  for (let i = 0; i < Math.max(theirs.length, ours.length); ++i)
    if (theirs[i] === undefined || ours[i] === undefined || line(theirs[i]) !== line(ours[i])) return i
  return undefined
}

/// Both logs in two columns, around the first difference.
export function sideBySide(theirs, ours, at, context = 30) {
  const width = 100, rows = []
  const cell = entry => (entry === undefined ? "-" : line(entry)).slice(0, width).padEnd(width)
  for (let i = Math.max(0, at - context); i < Math.min(Math.max(theirs.length, ours.length), at + 10); ++i) {
    const same = theirs[i] !== undefined && ours[i] !== undefined && line(theirs[i]) === line(ours[i])
    rows.push(`${same ? " " : i === at ? ">" : "!"} ${cell(theirs[i])} | ${cell(ours[i])}`)
  }
  return `  ${"phoenix.js".padEnd(width)} | phxkit\n${rows.map(row => row.trimEnd()).join("\n")}`
}
