/**
 * An asar archive of a few text files: a pickled header with JSON in it, then the files one after another.
 * @param {Record<string, string>} contents by name
 * @returns {Buffer}
 */
export function asar(contents) {
  const bodies = Object.values(contents).map((text) => Buffer.from(text))
  const files = {}
  let offset = 0
  Object.keys(contents).forEach((name, i) => {
    files[name] = { size: bodies[i].length, offset: String(offset) }
    offset += bodies[i].length
  })
  const json = Buffer.from(JSON.stringify({ files }))
  const padded = (json.length + 3) & ~3
  const head = Buffer.alloc(16 + padded)
  head.writeUInt32LE(4, 0)
  head.writeUInt32LE(8 + padded, 4)
  head.writeUInt32LE(4 + padded, 8)
  head.writeUInt32LE(json.length, 12)
  json.copy(head, 16)
  return Buffer.concat([head, ...bodies])
}
