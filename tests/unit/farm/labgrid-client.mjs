#!/usr/bin/env node
// Stands in for labgrid-client: places in a file, `ssh` by this machine's shell, with the client's own ways of ending (labgrid 0.4: exit
// code 0 whatever became of the command, a farewell on stdout; its ssh says on stderr that there is no terminal). FAKE_REFUSED is what it
// says instead of acquiring, FAKE_UNREACHED instead of logging in.
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

const [, place, command, ...rest] = process.argv.slice(2) // -p PLACE COMMAND
const holder = process.env.FAKE_HOLDER
const me = `${process.env.LG_HOSTNAME}/${process.env.LG_USERNAME}`
appendFileSync(`${holder}.log`, `${command}\n`)
writeFileSync(`${holder}.pid`, String(process.pid))
const now = existsSync(holder) ? readFileSync(holder, 'utf8') : ''
const say = (text, code) => {
  process.stdout.write(text)
  process.exitCode = code
}

if (command === 'acquire') {
  if (process.env.FAKE_REFUSED) {
    process.stderr.write(`${process.env.FAKE_REFUSED}\n`)
    process.exitCode = 1
  } else if (now) say(`labgrid-client: error: place ${place} is already acquired by ${now}\n`, 1)
  else {
    writeFileSync(holder, me)
    say(`acquired place ${place}\n`, 0)
  }
} else if (command === 'release') {
  rmSync(holder, { force: true })
  say(`released place ${place}\n`, 0)
} else if (command === 'show')
  say(`Place '${place}':\n  acquired: ${now}\n  allowed: ${process.env.FAKE_ALLOWED ?? now}\n`, 0)
else if (command === 'ssh' && process.env.FAKE_UNREACHED) {
  process.stderr.write(process.env.FAKE_UNREACHED)
  process.exitCode = 1
} else if (command === 'ssh') {
  process.stderr.write('Pseudo-terminal will not be allocated because stdin is not a terminal.\n')
  const child = spawn('sh', ['-c', process.env.FAKE_HANG ? 'cat >/dev/null; sleep 5' : rest.join(' ')], {
    stdio: 'inherit',
    detached: true
  })
  child.on('close', (code) => {
    if (process.env.FAKE_LOST) say('connection lost (SSH error)\n', 0)
    else if (code) say(`connection lost (remote exit code ${code})\n`, 0)
  })
}
